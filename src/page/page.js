// The page: asks the app what is known, and shows it. It only reads. It knows no address but its own folder, because
// Home Assistant shows it below a path of its own.

import * as plots from './plots.js';
import {clock, duration, number, whatIsNext, withUnit} from './words.js';

const OLD = 40;        // s: an answer comes every 25 s at the latest
const MISSED = 5;      // s without an answer, after which readings may be missing in the plots
const LIMIT = 20;      // s, for all other answers
const AGAIN = [1, 10]; // s between two questions to an app that does not answer, at first and at most
const REFRESH = {'15m': 300, '24h': 60, '90d': 600};  // s between two looks at the history,
const RETRY = 5;                                      // and after one that failed

const page = {
  live: null,          // the last answer, and
  heardAt: 0,          // when it came, in ms of the day's clock: it goes on while the machine sleeps
  failure: null,       // why there is none since then
  id: null,            // of the inverter that is shown
  range: '15m',
  readings: 0,         // of that inverter
  power: '',           // what the table of outages depends on
  historyDue: 0,       // in ms, as heardAt
  asked: 0,            // how often the history was asked for
  wake: () => {},      // ends a wait
};

const $ = id => document.getElementById(id);

function make(tag, text = '', attributes = {}) {
  const element = document.createElement(tag);
  element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function show(id, text) {
  if ($(id).textContent !== text) $(id).textContent = text;
}

// Puts `elements` in the place of those that are in `parent`. What is the same stays, with what is selected in it.
function replace(parent, elements) {
  while (parent.children.length > elements.length) parent.lastElementChild.remove();
  elements.forEach((element, i) => {
    const old = parent.children[i];
    if (!old) parent.append(element);
    else if (!old.isEqualNode(element)) old.replaceWith(element);
  });
}

async function read(address, limit = LIMIT, until = new AbortController()) {
  const timer = setTimeout(() => until.abort(), limit * 1000);
  try {
    const answer = await fetch(address, {cache: 'no-store', signal: until.signal});
    if (!answer.ok) throw Object.assign(new Error(`${address}: ${answer.status}`), {status: answer.status});
    return await answer.json();
  } finally {
    clearTimeout(timer);
  }
}

// ---- Now ----

const shownInverter = () => page.live.inverters.find(({id}) => id === page.id);
const now = () => Date.parse(page.live.time);
const readingsOf = ({wire}) => wire.polls - Object.values(wire.misses).reduce((sum, count) => sum + count, 0);

function showNow() {
  const inverter = shownInverter();
  const {state} = inverter;
  const onBattery = state.utility_power === 'OFF' || state.self_test === 'ON' || ['On battery', 'Self-test'].includes(state.status);
  const isKnown = state.connection === 'ON';
  document.title = `${state.status || 'No answer'} – ${inverter.name}`;
  show('name', inverter.name);
  show('status', state.status || 'The inverter does not answer');
  $('status').className = !isKnown || ['Battery low', 'Fault'].includes(state.status) ? 'bad' : onBattery ? '' : 'good';
  show('since', isKnown && state.on_battery_since ? `for ${duration((now() - Date.parse(state.on_battery_since)) / 1000)}` : '');
  show('utility', withUnit(state.utility_voltage, 'V', 1));
  show('utility-more', !isKnown ? '' : state.utility_power === 'ON' ? 'present' : 'absent');
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
  show('next', whatIsNext(inverter, now()));
  showConnections(inverter);
  show('version', `AIMS Power Inverter MQTT ${page.live.version}`);
}

function showInverters() {
  const {inverters} = page.live;
  $('inverters').hidden = inverters.length < 2;
  const buttons = [...$('inverters').children];
  if (buttons.map(button => button.dataset.id).join() !== inverters.map(({id}) => id).join()) {
    buttons.splice(0, buttons.length, ...inverters.map(({id, name}) => make('button', name, {'type': 'button', 'data-id': id})));
    $('inverters').replaceChildren(...buttons);
  }
  for (const button of buttons) button.setAttribute('aria-pressed', button.dataset.id === page.id);
}

function showConnections({state, wire}) {
  const rows = [];
  const add = (title, ...content) => {
    const dd = make('dd');
    dd.append(...content);
    rows.push(make('dt', title), dd);
  };
  const last = wire.replies[wire.replies.length - 1];
  const misses = Object.entries(wire.misses).filter(([, count]) => count).map(([kind, count]) => `${number(count, 0)} × ${kind}`);
  add('Inverter', state.connection === 'ON' ? 'answers' : 'does not answer');
  if (last) {
    const age = Math.max(0, (now() - Date.parse(last.time)) / 1000);
    add('Last reply', make('code', last.bytes));
    add('Its age', duration(age));
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
  replace($('connections'), rows);
}

// That what is shown is old, and why. Said once, not counted up, for those who have it read aloud.
function showNotice() {
  const isOld = page.failure || (page.live && Date.now() - page.heardAt > OLD * 1000);
  document.body.classList.toggle('old', Boolean(isOld));
  if (!isOld) return show('notice', '');
  const isForbidden = page.failure && [401, 403].includes(page.failure.status);
  const why = isForbidden ? 'Home Assistant does not let this page ask the app' : 'The app does not answer';
  const from = page.live ? ` What is shown is from ${clock(page.live.time)}.` : '';
  show('notice', `${why}.${from} This page tries again by itself${isForbidden ? '; if that does not help, reload it' : ''}.`);
}

// ---- Outages and history ----

async function readOutages() {
  const {id} = page;
  const {inverters} = await read('api/outages');
  if (id !== page.id) return;
  const {outages} = inverters.find(inverter => inverter.id === id);
  replace($('outages').tBodies[0], outages.map(outage => {
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
  $('no-outages').hidden = outages.length > 0;
  $('outages').parentElement.hidden = outages.length === 0;
  plots.showOutages(outages);
}

async function readHistory() {
  const asked = ++page.asked;
  page.historyDue = Date.now() + REFRESH[page.range] * 1000;
  const [history, outages] = await Promise.allSettled([
    read(`api/history?inverter=${encodeURIComponent(page.id)}&range=${page.range}`),
    readOutages()]);
  if (asked !== page.asked) return;
  if (history.reason || outages.reason) page.historyDue = Date.now() + RETRY * 1000;
  if (history.value) plots.showHistory(history.value);
  else if (plots.isEmpty()) plots.say('The history cannot be read. This page tries again by itself.');
}

// ---- What happens ----

function hear(live) {
  if (page.live && page.live.version !== live.version) return location.reload();
  const wasGone = page.failure || !page.live;
  page.live = live;
  page.heardAt = Date.now();
  page.failure = null;
  if (!shownInverter()) page.id = live.inverters[0].id;
  showInverters();
  showNow();
  showNotice();
  const inverter = shownInverter();
  const {state} = inverter;
  plots.showNow(state, now(), readingsOf(inverter) !== page.readings);
  page.readings = readingsOf(inverter);
  const power = JSON.stringify([state.on_battery_since, state.last_outage_record]);
  if (wasGone || Date.now() > page.historyDue) {
    readHistory();
  } else if (power !== page.power) {
    page.historyDue = Math.min(page.historyDue, Date.now() + RETRY * 1000);  // should this fail
    readOutages().catch(() => {});
  }
  page.power = power;
}

async function follow() {
  let seq = 0;
  let pause = AGAIN[0];
  for (;;) {
    const until = new AbortController();
    let isWoken = false;
    page.wake = () => {
      isWoken = true;
      until.abort();
    };
    try {
      const live = await read(`api/live?after=${seq}`, OLD, until);
      seq = live.seq;
      pause = AGAIN[0];
      queueMicrotask(() => hear(live));  // what fails there is the page's fault, not the app's
    } catch (failure) {
      seq = 0;
      if (isWoken) continue;
      page.failure = failure;
      showNotice();
      await new Promise(done => {
        const timer = setTimeout(done, pause * 1000);
        page.wake = () => {
          clearTimeout(timer);
          done();
        };
      });
      pause = Math.min(2 * pause, AGAIN[1]);
    }
  }
}

function choose(id, range) {
  page.id = id;
  page.range = range;
  for (const button of document.querySelectorAll('[data-range]')) {
    button.setAttribute('aria-pressed', button.dataset.range === range);
  }
  plots.clear('Loading …');
  if (!page.live) return;
  showInverters();
  showNow();
  page.readings = readingsOf(shownInverter());
  plots.showNow(shownInverter().state, now(), /*isReading=*/false);
  readHistory();
}

// A page that was out of sight, or on a machine that slept, may show what was long ago.
function wake() {
  if (document.visibilityState !== 'visible') return;
  if (Date.now() - page.heardAt > MISSED * 1000) page.historyDue = 0;
  showNotice();
  page.wake();
}

plots.prepare();
document.addEventListener('click', ({target}) => {
  if (target.dataset.range) choose(page.id, target.dataset.range);
  if (target.dataset.id) choose(target.dataset.id, page.range);
});
document.addEventListener('visibilitychange', wake);
addEventListener('pageshow', ({persisted}) => persisted && wake());
addEventListener('online', wake);
setInterval(showNotice, 5000);
follow();
