// The page: asks the app what is known, shows it, and draws its history. It only reads. It knows no address but its own
// folder, because Home Assistant shows it below a path of its own.
'use strict';

const RETRY = 1000;  // ms
const OLD = 40;      // s: an answer comes every 25 s at the latest
const REFRESH = {'15m': 300, '24h': 60, '90d': 600};  // s between two looks at the history

const page = {
  live: null,      // the last answer, and
  heardAt: 0,      // when it came, in ms of performance.now()
  reachable: true,
  id: null,        // of the inverter that is shown
  range: '15m',
  rows: null,      // of its history; see rowsOf
  window: null,    // [from, until] in ms, while zoomed in
  outages: [],
  plots: [],
  historyAt: -Infinity,
  asked: 0,        // how often the history was asked for
};

const $ = id => document.getElementById(id);
const pause = ms => new Promise(done => setTimeout(done, ms));

function make(tag, text = '', attributes = {}) {
  const element = document.createElement(tag);
  element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

async function read(address, limit = 20000) {
  const answer = await fetch(address, {cache: 'no-store', signal: AbortSignal.timeout(limit)});
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return answer.json();
}

// ---- Words ----

const number = (value, digits) => value.toLocaleString([], {minimumFractionDigits: digits, maximumFractionDigits: digits});
const withUnit = (value, unit, digits = 0) => value == null ? '–' : `${number(value, digits)} ${unit}`;

// "45 s", "35 min", "1 h 20 min", "6 h", "2 days 3 h"
function duration(seconds) {
  const s = Math.round(seconds);
  if (s < 120) return `${s} s`;
  const minutes = Math.round(s / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 10) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  if (hours < 48) return `${Math.round(minutes / 60)} h`;
  return hours % 24 ? `${Math.floor(hours / 24)} days ${hours % 24} h` : `${hours / 24} days`;
}

function clock(time) {
  const then = new Date(time);
  const hour = {hour: 'numeric', minute: '2-digit'};
  const isToday = then.toDateString() === new Date().toDateString();
  return isToday ? then.toLocaleTimeString([], hour) : then.toLocaleString([], {month: 'short', day: 'numeric', ...hour});
}

function words(list) {
  return list.length < 2 ? list.join('') : `${list.slice(0, -1).join(', ')} and ${list.at(-1)}`;
}

const REASONS = {
  'charge': (r) => `charge ${number(r.value, 0)} %`,
  'runtime': (r) => `runtime ${duration(r.value)}`,
  'voltage': (r) => `${number(r.value, 1)} V`,
  'time on battery': (r) => `on battery for ${duration(r.value)}`,
};
const reason = r => REASONS[r.reason] ? REASONS[r.reason](r) : r.reason;

// What happens next, as far as it is known.
function next({state, next}, now) {
  if (state.connection !== 'ON') return 'What happens next is not known, because the inverter does not answer.';
  const unknown = next.missing.length
    ? `How long the battery lasts is not known. These options are missing: ${words(next.missing)}.`
    : 'How long the battery lasts is not known yet. It is known once the battery was full, or after a while on battery.';
  const about = (seconds) => `about ${clock(now + seconds * 1000)}`;
  if (!state.on_battery_since) {
    const lasts = next.runtime == null ? unknown
      : `The battery would carry this load for about ${duration(next.runtime)}.`;
    return `${state.utility_power === 'ON' ? 'On utility power. ' : ''}${lasts}`;
  }
  const since = `On battery since ${clock(state.on_battery_since)}. `;
  const advised = state.shutdown_advised === 'ON'
    ? `Shutdown is advised (${words(state.shutdown_reasons.reasons.map(reason))})` : '';
  if (next.runtime == null) {
    const later = next.advised_in == null ? '' : `Shutdown is advised at ${about(next.advised_in)}. `;
    return since + (advised ? `${advised}. ` : later) + unknown;
  }
  const range = next.least == null ? '' : ` (${clock(now + next.least * 1000)}–${clock(now + next.most * 1000)})`;
  const empty = `empty at ${about(next.runtime)}${range}.`;
  if (advised) return `${since}${advised}. At this load the battery is ${empty}`;
  if (next.advised_in == null) return `${since}At this load the battery is ${empty}`;
  return `${since}At this load shutdown is advised at ${about(next.advised_in)}, ${empty}`;
}

// ---- Now ----

function shown() {
  return page.live.inverters.find(inverter => inverter.id === page.id) || page.live.inverters[0];
}

function show(id, text) {
  if ($(id).textContent !== text) $(id).textContent = text;
}

function showNow() {
  const inverter = shown();
  const {state} = inverter;
  const onBattery = state.utility_power === 'OFF' || state.self_test === 'ON';
  const isKnown = state.connection === 'ON';
  document.title = `${state.status || 'No answer'} – ${inverter.name}`;
  show('name', inverter.name);
  show('status', state.status || 'The inverter does not answer');
  $('status').className = !isKnown || ['Battery low', 'Fault'].includes(state.status) ? 'bad' : onBattery ? '' : 'good';
  const now = Date.parse(page.live.time);
  show('since', state.on_battery_since ? `for ${duration((now - Date.parse(state.on_battery_since)) / 1000)}` : '');
  show('utility', withUnit(state.utility_voltage, 'V', 1));
  show('utility-more', !isKnown ? '' : state.utility_power === 'ON' ? 'present' : 'away');
  show('output', withUnit(state.output_voltage, 'V', 1));
  show('output-more', withUnit(state.output_frequency, 'Hz', 1));
  show('load', withUnit(state.load, '%'));
  show('load-more', state.load_power == null ? '' : withUnit(state.load_power, 'W'));
  show('battery', withUnit(state.battery_voltage, 'V', 1));
  const range = state.battery_charge_range;
  show('battery-more', state.battery_charge == null ? '' :
    `${number(state.battery_charge, 0)} %${range ? ` (${range.least}–${range.most} %)` : ''}`);
  const flows = (where, does, direction = '') => {
    $('flow').querySelector(where).className = `arrow ${where.slice(1)}${does ? ` flows ${direction}` : ''}`;
  };
  flows('.from-utility', isKnown && !onBattery);
  flows('.to-load', isKnown && state.output_voltage > 0);
  flows('.of-battery', isKnown, onBattery ? 'up' : 'down');
  show('next', next(inverter, now));
  showConnections(inverter, now);
  show('version', `AIMS Power Inverter MQTT ${page.live.version}`);
}

function showInverters() {
  const {inverters} = page.live;
  const nav = $('inverters');
  nav.hidden = inverters.length < 2;
  const ids = inverters.map(({id}) => id).join();
  if (nav.dataset.ids !== ids) {
    nav.dataset.ids = ids;
    nav.replaceChildren(...inverters.map(({id, name}) => make('button', name, {type: 'button', 'data-id': id})));
  }
  for (const button of nav.children) button.setAttribute('aria-pressed', button.dataset.id === page.id);
}

function showConnections({state, wire}, now) {
  const rows = [];
  const add = (title, ...content) => {
    const dd = make('dd');
    dd.append(...content);
    rows.push(make('dt', title), dd);
  };
  const last = wire.replies.at(-1);
  const misses = Object.entries(wire.misses).filter(([, count]) => count).map(([kind, count]) => `${number(count, 0)} × ${kind}`);
  add('Inverter', state.connection === 'ON' ? 'answers' : 'does not answer');
  if (last) {
    const age = Math.max(0, (now - Date.parse(last.time)) / 1000);
    add('Last reply', make('code', last.bytes), ` ${duration(age)} before this update`);
  }
  add('Requests', `${number(wire.polls, 0)}, of them without a reading: ${misses.length ? misses.join(', ') : 'none'}`);
  if (wire.bad_replies.length) {
    const list = make('ul');
    for (const reply of [...wire.bad_replies].reverse().slice(0, 5)) {
      const item = make('li', `${clock(reply.time)}: ${reply.fault}: `);
      item.append(make('code', reply.bytes));
      list.append(item);
    }
    add('Last bad replies', list);
  }
  const {broker} = page.live;
  add('MQTT broker', broker.connected ? `connected to ${broker.where}`
    : broker.where ? `not connected to ${broker.where}` : 'none is known yet');
  add('Home Assistant', broker.connected ? broker.home_assistant : 'unknown');
  if (state.nut_client_list) {
    const clients = state.nut_client_list.clients.map(({name, address, since}) => `${name} at ${address} since ${clock(since)}`);
    add('NUT clients', clients.length ? clients.join(', ') : 'none');
  }
  $('connections').replaceChildren(...rows);
}

// That what is shown is old, and why. Said once, not counted up, for those who have it read aloud.
function showNotice() {
  const isOld = !page.reachable || (page.live && performance.now() - page.heardAt > OLD * 1000);
  const notice = !isOld ? '' : page.live
    ? `The app does not answer. What is shown is from ${clock(page.live.time)}; this page goes on by itself.`
    : 'The app does not answer; this page goes on by itself.';
  document.body.classList.toggle('old', Boolean(isOld));
  $('notice').hidden = !notice;
  show('notice', notice);
}

// ---- Outages ----

async function readOutages() {
  const {inverters} = await read('api/outages');
  page.outages = (inverters.find(({id}) => id === page.id) || {outages: []}).outages;
  $('outages').tBodies[0].replaceChildren(...page.outages.map(outage => {
    const row = make('tr');
    row.append(
      make('td', clock(outage.begin)),
      make('td', outage.end ? duration(outage.duration) : 'goes on'),
      make('td', outage.cause),
      make('td', withUnit(outage.lowest_battery_voltage, 'V', 1)),
      make('td', withUnit(outage.highest_load, '%')),
      make('td', withUnit(outage.energy, 'Wh')));
    return row;
  }));
  $('no-outages').hidden = page.outages.length > 0;
  $('outages').parentElement.hidden = page.outages.length === 0;
  for (const {graph} of page.plots) graph.updateOptions({});
}

// ---- Plots ----

const PLOTS = [
  {id: 'battery', series: [['battery_voltage', 'Battery', 'V', 'blue', 1], ['battery_charge', 'Charge', '%', 'green', 0, 'y2']]},
  {id: 'voltage', series: [['utility_voltage', 'Utility', 'V', 'orange', 1], ['output_voltage', 'Output', 'V', 'blue', 1]]},
  {id: 'load', series: [['load', 'Load', '%', 'violet', 0]]},
];
const SERIES = PLOTS.flatMap(plot => plot.series.map(([key]) => key));

const color = name => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

// The answer's columns as rows: {time in ms, <series>: [min, mean, max] or null}.
function rowsOf(history) {
  return history.time.map((seconds, i) => {
    const row = {time: seconds * 1000};
    for (const key of SERIES) {
      const {min, mean, max} = history[key];
      row[key] = mean[i] == null ? null : [min[i], mean[i], max[i]];
    }
    return row;
  });
}

// A plot's rows; where readings are missing its lines break.
function dataOf(plot) {
  const step = {'15m': 1, '24h': 10, '90d': 600}[page.range] * 1000;
  const longest = Math.max(2.5 * step, page.range === '15m' ? 5000 : 0);
  const data = [];
  let before = null;
  for (const row of page.rows) {
    if (before !== null && row.time - before > longest) data.push([new Date(before + step), ...plot.series.map(() => null)]);
    data.push([new Date(row.time), ...plot.series.map(([key]) => row[key])]);
    before = row.time;
  }
  if (!data.length) data.push([new Date(), ...plot.series.map(() => null)]);
  return data;
}

function wholeRange() {
  const span = {'15m': 900, '24h': 86400, '90d': 90 * 86400}[page.range] * 1000;
  const until = page.live ? Date.parse(page.live.time) : Date.now();
  return [until - span, until];
}

function shadeOutages(context, area, graph) {
  context.fillStyle = color('shade');
  const [from, until] = graph.xAxisRange();
  for (const {begin, end} of page.outages) {
    const [first, last] = [Date.parse(begin), end ? Date.parse(end) : until];
    if (last < from || first > until) continue;
    const left = Math.floor(graph.toDomXCoord(Math.max(first, from)));
    const right = Math.ceil(graph.toDomXCoord(Math.min(last, until)));
    context.fillRect(left, area.y, Math.max(right - left, 2), area.h);
  }
}

// Above the plot: the values under the cursor, or the last ones.
function showValues(plot, row) {
  const parts = [];
  for (const [key, name, unit, hue, digits] of plot.series) {
    if (key === 'battery_charge' && page.rows.every(({battery_charge}) => !battery_charge)) continue;
    const part = make('span', `${name} `, {class: hue});
    const values = row && row[key];
    part.append(make('b', values ? withUnit(values[1], unit, digits) : '–'));
    if (values && values[0] !== values[2]) part.append(` (${number(values[0], digits)}–${number(values[2], digits)})`);
    parts.push(part);
  }
  if (row && plot.isPointed) {
    parts.push(make('span', new Date(row.time).toLocaleString([], {dateStyle: 'short', timeStyle: 'medium'})));
  }
  $(`${plot.id}-values`).replaceChildren(...parts);
}

function point(time) {
  if (!page.rows) return;  // another history is on its way
  for (const plot of PLOTS) {
    plot.isPointed = time != null;
    const row = time == null ? page.rows.at(-1) : page.rows.find(candidate => candidate.time === time);
    showValues(plot, row);
  }
}

// dygraphs takes every touch; on a phone one finger is for scrolling, and two are for the plot.
function interaction() {
  const model = {...Dygraph.defaultInteractionModel};
  for (const event of ['touchstart', 'touchmove', 'touchend']) {
    model[event] = (happened, graph, context) => {
      if (event === 'touchstart' && happened.touches.length < 2) return;
      if (event !== 'touchstart' && !context.initialTouches) return;
      Dygraph.defaultInteractionModel[event](happened, graph, context);
    };
  }
  return model;
}

// "10:38 AM", "10:38:30 AM", "Nov 26": as elsewhere on the page.
function timeLabel(time, granularity) {
  if (granularity >= Dygraph.Granularity.DAILY) return time.toLocaleDateString([], {month: 'short', day: 'numeric'});
  const seconds = granularity < Dygraph.Granularity.MINUTELY ? {second: '2-digit'} : {};
  return time.toLocaleTimeString([], {hour: 'numeric', minute: '2-digit', ...seconds});
}

function makePlots() {
  for (const {graph} of page.plots) graph.destroy();
  page.plots = PLOTS.map(plot => {
    const axis = {axisLineColor: color('line'), gridLineColor: color('line')};
    const hasSecond = plot.series.some(series => series[5]);
    const graph = new Dygraph($(`${plot.id}-plot`), dataOf(plot), {
      labels: ['time', ...plot.series.map(([, name]) => name)],
      colors: plot.series.map(series => color(series[3])),
      series: Object.fromEntries(plot.series.filter(series => series[5]).map(series => [series[1], {axis: series[5]}])),
      axes: {
        x: {...axis, axisLabelWidth: 80, pixelsPerLabel: 90, axisLabelFormatter: timeLabel},
        y: {...axis, axisLabelWidth: 44},
        y2: {...axis, axisLabelWidth: 44, drawGrid: false, independentTicks: true, valueRange: [0, 105]},
      },
      customBars: true,
      fillAlpha: 0.25,
      strokeWidth: 1.6,
      rightGap: hasSecond ? 0 : 50,  // as wide as the second axis, so that a moment is at one place in all plots
      dateWindow: page.window || wholeRange(),
      valueRange: plot.id === 'load' ? [0, null] : undefined,
      includeZero: plot.id === 'load',
      interactionModel: interaction(),
      underlayCallback: shadeOutages,
      highlightCallback: (event, time) => point(time),
      unhighlightCallback: () => point(null),
      zoomCallback: (from, until) => setWindow([from, until]),
    });
    return {...plot, graph};
  });
  Dygraph.synchronize(page.plots.map(({graph}) => graph), {selection: true, zoom: true, range: false});
  point(null);
}

// `range`: what is shown of the time; null: all.
function setWindow(range) {
  const [from, until] = wholeRange();
  page.window = range && (range[0] > from + 1000 || range[1] < until - 1000) ? range : null;
  $('whole').hidden = !page.window;
}

function drawPlots() {
  if (!page.plots.length) return makePlots();
  for (const plot of page.plots) plot.graph.updateOptions({file: dataOf(plot), dateWindow: page.window || wholeRange()});
  if (!PLOTS[0].isPointed) point(null);
}

async function readHistory() {
  const asked = ++page.asked;
  page.historyAt = performance.now();
  const history = await read(`api/history?inverter=${encodeURIComponent(page.id)}&range=${page.range}`);
  await readOutages();
  if (asked !== page.asked) return;
  page.rows = rowsOf(history);
  drawPlots();
}

// Of the last quarter of an hour every reading is drawn as it comes.
function addReading({state}, time) {
  if (page.range !== '15m' || !page.rows || state.connection !== 'ON') return;
  const second = Math.floor(time / 1000) * 1000;
  if (page.rows.length && page.rows.at(-1).time >= second) return;
  const row = {time: second};
  const charge = state.battery_charge_range;
  for (const key of SERIES) row[key] = state[key] == null ? null : [state[key], state[key], state[key]];
  if (row.battery_charge && charge) row.battery_charge = [charge.least, state.battery_charge, charge.most];
  page.rows.push(row);
  while (page.rows[0].time < second - 900e3) page.rows.shift();
  drawPlots();
}

// ---- What happens ----

let wasOnBattery;  // since when; null: it was not

function hear(live) {
  const wasGone = !page.reachable || !page.live;
  page.live = live;
  page.heardAt = performance.now();
  page.reachable = true;
  if (!live.inverters.some(({id}) => id === page.id)) page.id = live.inverters[0].id;
  showInverters();
  showNow();
  showNotice();
  const inverter = shown();
  const onBattery = inverter.state.on_battery_since;
  const hasChanged = wasOnBattery !== undefined && onBattery !== wasOnBattery;
  wasOnBattery = onBattery;
  const isDue = performance.now() - page.historyAt > REFRESH[page.range] * 1000;
  if (wasGone || isDue) {
    readHistory().catch(() => {});
  } else {
    if (hasChanged) readOutages().catch(() => {});
    addReading(inverter, Date.parse(live.time));
  }
}

async function follow() {
  let seq = 0;
  for (;;) {
    try {
      const live = await read(`api/live?after=${seq}`, OLD * 1000);
      seq = live.seq;
      hear(live);
    } catch (failure) {
      page.reachable = false;
      seq = 0;
      showNotice();
      await pause(RETRY);
    }
  }
}

function choose(id, range) {
  page.id = id;
  page.range = range;
  page.rows = null;
  setWindow(null);
  for (const button of document.querySelectorAll('[data-range]')) {
    button.setAttribute('aria-pressed', button.dataset.range === range);
  }
  if (!page.live) return;
  showInverters();
  showNow();
  readHistory().catch(() => {});
}

document.addEventListener('DOMContentLoaded', () => {
  // Its legend writes HTML with styles in it, which the page's Content-Security-Policy forbids.
  Dygraph.PLUGINS = Dygraph.PLUGINS.filter(plugin => plugin !== Dygraph.Plugins.Legend);
  document.addEventListener('click', ({target}) => {
    if (target.dataset.range) choose(page.id, target.dataset.range);
    if (target.dataset.id) choose(target.dataset.id, page.range);
  });
  $('whole').addEventListener('click', () => {
    setWindow(null);
    drawPlots();
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => page.rows && makePlots());
  setInterval(showNotice, 5000);
  follow();
});
