// Numbers, times and states in words. It knows neither the page nor the app.

export const number = (value, digits) =>
  value.toLocaleString([], {minimumFractionDigits: digits, maximumFractionDigits: digits});
export const withUnit = (value, unit, digits = 0) => value == null ? '–' : `${number(value, digits)} ${unit}`;

export function words(list) {
  return list.length < 2 ? list.join('') : `${list.slice(0, -1).join(', ')} and ${list[list.length - 1]}`;
}

// "45 s", "35 min", "1 h 20 min", "6 h", "2 days 3 h"
export function duration(seconds) {
  const s = Math.round(seconds);
  if (s < 120) return `${s} s`;
  const minutes = Math.round(s / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 10) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  if (hours < 48) return `${Math.round(minutes / 60)} h`;
  return hours % 24 ? `${Math.floor(hours / 24)} days ${hours % 24} h` : `${hours / 24} days`;
}

// "10:38 AM" today and in the next 20 hours, "Nov 26, 10:38 AM" this year, "Nov 26, 2025, 10:38 AM" before.
export function clock(time, now = new Date()) {
  const then = new Date(time);
  const hour = {hour: 'numeric', minute: '2-digit'};
  const isNear = then > now && then - now < 20 * 3600e3;
  if (isNear || then.toDateString() === now.toDateString()) return then.toLocaleTimeString([], hour);
  const year = then.getFullYear() === now.getFullYear() ? {} : {year: 'numeric'};
  return then.toLocaleString([], {...year, month: 'short', day: 'numeric', ...hour});
}

const REASONS = {
  'charge': reason => `charge ${number(reason.value, 0)} %`,
  'runtime': reason => `runtime ${duration(reason.value)}`,
  'voltage': reason => `${number(reason.value, 1)} V`,
  'time on battery': reason => `on battery for ${duration(reason.value)}`,
};
const inWords = reason => REASONS[reason.reason] ? REASONS[reason.reason](reason) : reason.reason;

// What happens next, as far as it is known. `now` in ms since 1970.
export function whatIsNext({state, next}, now) {
  const since = state.on_battery_since ? `on battery since ${clock(state.on_battery_since)}` : '';
  if (state.connection !== 'ON') {
    const last = since ? ` When it last did, it was ${since}.` : '';
    return `What happens next is not known, because the inverter does not answer.${last}`;
  }
  const unknown = next.missing.length
    ? `How long the battery lasts is not known. These options are missing: ${words(next.missing)}.`
    : 'How long the battery lasts is not known yet. It is known once the battery was full, or after a while on battery.';
  if (!since) {
    const lasts = next.runtime == null ? unknown
      : `The battery would carry this load for about ${duration(next.runtime)}.`;
    return `${state.utility_power === 'ON' ? 'On utility power. ' : ''}${lasts}`;
  }
  const at = seconds => clock(now + seconds * 1000);
  const sentences = [`O${since.slice(1)}.`];
  if (state.running_outage?.mains_present) sentences.push('The input shows a voltage that the inverter does not take.');
  if (state.running_outage?.may_switch_off) sentences.push('It may switch off at any moment.');
  const isAdvised = state.shutdown_advised === 'ON';
  if (isAdvised) sentences.push(`Shutdown is advised (${words(state.shutdown_reasons.reasons.map(inWords))}).`);
  const later = isAdvised || next.advised_in == null ? '' : `shutdown is advised at about ${at(next.advised_in)}`;
  if (next.runtime != null) {
    const range = next.least == null ? '' : ` (${at(next.least)}–${at(next.most)})`;
    const empty = `empty at about ${at(next.runtime)}${range}`;
    sentences.push(`At this load ${later ? `${later}, ${empty}` : `the battery is ${empty}`}.`);
  } else {
    if (later) sentences.push(`S${later.slice(1)}.`);
    sentences.push(unknown);
  }
  return sentences.join(' ');
}
