// One inverter's history as three plots with one cursor, drawn by dygraphs. It is given rows, and asks for none.

import {number, withUnit} from './words.js';

// A series: its key in the history and in the state, its name, its unit, its color, its digits, and its axis.
const PLOTS = [
  {id: 'battery', series: [['battery_voltage', 'Battery', 'V', 'blue', 1], ['battery_charge', 'Charge', '%', 'green', 0, 'y2']]},
  {id: 'voltage', series: [['utility_voltage', 'Utility', 'V', 'orange', 1], ['output_voltage', 'Output', 'V', 'blue', 1]]},
  {id: 'load', series: [['load', 'Load', '%', 'violet', 0]]},
];
const SERIES = PLOTS.flatMap(plot => plot.series.map(([key]) => key));

const shown = {
  rows: null,      // {time in ms, <series>: [min, mean, max] or null}, the oldest first; null: none are known yet
  step: 1000,      // ms from row to row,
  longest: 5000,   // and so long, when no reading is missing
  span: 900e3,     // ms
  until: 0,        // the end of the time, in ms
  window: null,    // [from, until] in ms, while zoomed in
  now: null,       // a row of what is known now
  pointed: null,   // the time of the row under the cursor
  outages: [],
  graphs: [],      // in the order of PLOTS
};

const $ = id => document.getElementById(id);
const color = name => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const wholeRange = () => [shown.until - shown.span, shown.until];

// ---- What is drawn ----

// Nothing is known of what is to be shown; `why` says so.
export function clear(why) {
  shown.rows = shown.now = shown.pointed = null;
  shown.outages = [];
  say(why);
  if (shown.graphs.length) draw();
  zoom(null);
}

export const isEmpty = () => !shown.rows;

export function say(words) {
  $('plots-note').textContent = words;
}

// An answer of ./api/history.
export function showHistory({time, step, span, now, interval, ...columns}) {
  shown.rows = time.map((seconds, i) => {
    const row = {time: seconds * 1000};
    for (const key of SERIES) {
      const {min, mean, max} = columns[key];
      row[key] = mean[i] == null ? null : [min[i], mean[i], max[i]];
    }
    return row;
  });
  shown.step = step * 1000;
  shown.longest = 1000 * Math.max(2.5 * step, 3 * interval + 2);
  shown.span = span * 1000;
  shown.until = now * 1000;
  say(time.length ? '' : 'There are no readings of this time.');
  draw();
  describe();
}

export function showOutages(outages) {
  shown.outages = outages;
  for (const graph of shown.graphs) graph.updateOptions({});
}

// What is known at `time` (ms). A reading becomes a row where each second has one.
export function showNow(state, time, isReading) {
  const row = {time: Math.floor(time / 1000) * 1000};
  for (const key of SERIES) row[key] = state[key] == null ? null : [state[key], state[key], state[key]];
  const range = state.battery_charge_range;
  if (row.battery_charge && range) row.battery_charge = [range.least, state.battery_charge, range.most];
  shown.now = row;
  const last = shown.rows && shown.rows[shown.rows.length - 1];
  if (shown.rows && shown.step === 1000) {
    shown.until = time;
    if (isReading && !(last && last.time >= row.time)) {
      say('');
      shown.rows.push(row);
    }
    while (shown.rows.length && shown.rows[0].time < row.time - shown.span) shown.rows.shift();
    draw();
  } else {
    showValues();
  }
  describe(document.activeElement);  // in which a screen reader would say each of them
}

// A plot's rows; where readings are missing its lines break.
function dataOf(plot) {
  const nothing = plot.series.map(() => null);
  const data = [];
  let before = null;
  for (const row of shown.rows || []) {
    if (before !== null && row.time - before > shown.longest) data.push([new Date(before + shown.step), ...nothing]);
    data.push([new Date(row.time), ...plot.series.map(([key]) => row[key])]);
    before = row.time;
  }
  if (!data.length) data.push([new Date(shown.until), ...nothing]);
  return data;
}

function draw() {
  if (!shown.graphs.length) return makeGraphs();
  shown.graphs.forEach((graph, i) => graph.updateOptions({file: dataOf(PLOTS[i]), dateWindow: shown.window || wholeRange()}));
  select(shown.pointed);
}

function shadeOutages(context, area, graph) {
  context.fillStyle = color('shade');
  const [from, until] = graph.xAxisRange();
  for (const {begin, end} of shown.outages) {
    const [first, last] = [Date.parse(begin), end ? Date.parse(end) : until];
    if (last < from || first > until) continue;
    const left = Math.floor(graph.toDomXCoord(Math.max(first, from)));
    const right = Math.ceil(graph.toDomXCoord(Math.min(last, until)));
    context.fillRect(left, area.y, Math.max(right - left, 2), area.h);
  }
}

// ---- The cursor ----

// Above the plots: the values under the cursor, with their time, or those of now.
function showValues() {
  const row = shown.pointed === null ? shown.now : shown.rows.find(({time}) => time === shown.pointed);
  const time = shown.pointed === null ? '' : new Date(row.time).toLocaleString([], {dateStyle: 'short', timeStyle: 'medium'});
  for (const {id, series} of PLOTS) {
    const parts = [];
    for (const [key, name, unit, hue, digits] of series) {
      const values = row && row[key];
      if (key === 'battery_charge' && !values && !(shown.rows && shown.rows.some(one => one[key]))) continue;
      const part = document.createElement('span');
      const value = document.createElement('b');
      part.className = hue;
      value.textContent = values ? withUnit(values[1], unit, digits) : '–';
      part.append(`${name} `, value);
      if (values && values[0] !== values[2]) part.append(` (${number(values[0], digits)}–${number(values[2], digits)})`);
      parts.push(part);
    }
    if (time) parts.push(time);
    $(`${id}-values`).replaceChildren(...parts);
  }
}

// The same for those who have it read aloud. `but`: a plot whose description stays.
function describe(but) {
  const [from, until] = shown.window || wholeRange();
  for (const {id} of PLOTS) {
    const slider = $(`${id}-plot`);
    if (slider === but) continue;
    const attributes = {
      valuetext: [...$(`${id}-values`).childNodes].map(({textContent}) => textContent).join(', '),
      valuemin: Math.round(from / 1000),
      valuemax: Math.round(until / 1000),
      valuenow: Math.round((shown.pointed === null ? until : shown.pointed) / 1000),
    };
    for (const [name, value] of Object.entries(attributes)) slider.setAttribute(`aria-${name}`, value);
  }
}

// The row of that time, in all plots; null, or a row that is gone: none.
function select(time) {
  shown.pointed = time !== null && shown.rows && shown.rows.some(row => row.time === time) ? time : null;
  for (const graph of shown.graphs) {
    graph.clearSelection();
    if (shown.pointed !== null) graph.setSelection(graph.getRowForX(shown.pointed));
  }
  showValues();
}

function point(time) {
  select(time);
  describe();
}

// `range`: what is shown of the time; null: all.
function zoom(range) {
  const [first, last] = wholeRange();
  const [from, until] = range ? [Math.max(range[0], first), Math.min(range[1], last)] : [first, last];
  shown.window = from > first + 1000 || until < last - 1000 ? [from, until] : null;
  $('whole').hidden = !shown.window;
  for (const graph of shown.graphs) graph.updateOptions({dateWindow: shown.window || wholeRange()});
  showValues();
  describe();
}

const showAll = () => zoom(null);

function zoomBy(factor) {
  const [from, until] = shown.window || wholeRange();
  const center = shown.pointed === null ? (from + until) / 2 : shown.pointed;
  if ((until - from) * factor < 5 * shown.step) return;
  zoom([center - (center - from) * factor, center + (until - center) * factor]);
}

// The row that is `rows` further, of those which are shown.
function step(rows) {
  const [from, until] = shown.window || wholeRange();
  const times = shown.rows.map(({time}) => time).filter(time => time >= from && time <= until);
  if (!times.length) return;
  const at = times.indexOf(shown.pointed);
  point(times[Math.min(Math.max((at < 0 ? times.length : at) + rows, 0), times.length - 1)]);
}

const KEYS = {
  'ArrowLeft': () => step(-1),
  'ArrowRight': () => step(1),
  'PageUp': () => step(60),
  'PageDown': () => step(-60),
  'Home': () => step(-Infinity),
  'End': () => step(Infinity),
  'Escape': () => point(null),
  '+': () => zoomBy(0.5),
  '=': () => zoomBy(0.5),
  '-': () => zoomBy(2),
  '0': showAll,
};

function onKey(event) {
  if (!KEYS[event.key] || event.ctrlKey || event.metaKey || event.altKey || !shown.rows) return;
  event.preventDefault();
  KEYS[event.key]();
}

// As dygraphs has it, but that all zoom is of the time, a double click shows all, and one finger scrolls the page.
function interaction() {
  const {mousedown, touchstart, touchmove, touchend} = Dygraph.defaultInteractionModel;
  return {
    willDestroyContextMyself: true,
    mousedown(event, graph, context) {
      if (event.shiftKey || event.altKey) return;  // it would move the plot, which a new reading takes back
      Object.defineProperty(context, 'dragEndY', {get: () => context.dragStartY, set() {}, configurable: true});
      mousedown(event, graph, context);
    },
    touchstart(event, graph, context) {
      if (event.touches.length !== 2) return;
      touchstart(event, graph, context);
      context.touchDirections.y = false;
    },
    touchmove(event, graph, context) {
      if (event.touches.length === 2 && context.initialTouches) touchmove(event, graph, context);
    },
    touchend(event, graph, context) {
      context.initialTouches = null;
    },
    dblclick: showAll,
  };
}

// ---- dygraphs ----

// "10:38 AM", "10:38:30 AM", "Nov 26": as elsewhere on the page.
function timeLabel(time, granularity) {
  if (granularity >= Dygraph.Granularity.DAILY) return time.toLocaleDateString([], {month: 'short', day: 'numeric'});
  const seconds = granularity < Dygraph.Granularity.MINUTELY ? {second: '2-digit'} : {};
  return time.toLocaleTimeString([], {hour: 'numeric', minute: '2-digit', ...seconds});
}

function makeGraphs() {
  for (const graph of shown.graphs) graph.destroy();
  shown.graphs = PLOTS.map(plot => {
    const axis = {axisLineColor: color('line'), gridLineColor: color('line')};
    const hasSecond = plot.series.some(series => series[5]);
    return new Dygraph($(`${plot.id}-plot`), dataOf(plot), {
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
      dateWindow: shown.window || wholeRange(),
      valueRange: plot.id === 'load' ? [0, null] : undefined,
      includeZero: plot.id === 'load',
      interactionModel: interaction(),
      underlayCallback: shadeOutages,
      highlightCallback: (event, time) => point(time),
      unhighlightCallback: () => point(null),
      zoomCallback: (from, until) => zoom([from, until]),
    });
  });
  select(shown.pointed);
}

// To be called once, when the page is there.
export function prepare() {
  // Its legend writes HTML with styles in it, which the page's Content-Security-Policy forbids.
  Dygraph.PLUGINS = Dygraph.PLUGINS.filter(plugin => plugin !== Dygraph.Plugins.Legend);
  for (const {id} of PLOTS) $(`${id}-plot`).addEventListener('keydown', onKey);
  $('whole').addEventListener('click', showAll);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => shown.rows && makeGraphs());
}
