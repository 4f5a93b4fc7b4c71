// Curves over time by uPlot: one cursor and one zoom for all of them, lines where something happened, and the same figures as a table.
import uPlot from '../webjars/uplot/1.6.30/dist/uPlot.esm.js';
import { clock, el, put, rate, seconds, table, when } from './page.js';

export const STEPS = [['capture', 'to capture'], ['gate', 'to the gate'], ['join', 'to the document'], ['index', 'to the index']];
/** The whole way of a change; the last step is not a stage's. */
export const WAY = [...STEPS, ['search', 'to a search that finds it']];
const HEIGHT = 190;
const ROWS = 12;
/** Pixels: how near to a curve one has to point, and how far from there its name stands. */
const NEAR = 24;
const BESIDE = 12;
/** Of a shorter range the axis tells seconds, which need more room. */
const SHORT_SECONDS = 240;
/** From there on times need their day. */
const DAY_SECONDS = 86_400;
const TARGET = 'allowed p99';

/** A chart with its curves: the name of the figure, its label, which of the page's colours. */
export const LATENCY = { id: 'latency', title: 'From the commit to the index', says: seconds, curves: [['p50', 'half of the changes, p50', 0], ['p99', 'p99', 2], ['behind', 'oldest that is under way', 4]], target: true };
export const WAY_CHART = { id: 'steps', title: 'Where the time goes: each step, median', says: seconds, curves: WAY.map(([step, label], n) => ['hop.' + step, label, n]) };
/** What is read of tables is many times what changes, so each has a scale of its own. */
export const THROUGHPUT = { id: 'throughput', title: 'Records a second, by stage', says: rate, curves: STEPS.map(([step], n) => ['rate.' + step, step, n]), load: false };
export const LOAD = { ...THROUGHPUT, id: 'load', title: 'Records a second, while tables are read', load: true };

const groups = [];

/**
 * Charts that have one range, one cursor and one zoom.
 *
 * @param into an element of its own
 * @param kinds of charts
 * @return draw, which shows figures, and unzoom, which shows their whole range again
 */
export function charts(into, kinds) {
  const group = { name: into.id, drawn: null, charts: kinds.map(kind => made_chart({ ...kind })) };
  group.unzoom = () => group.charts.forEach(c => { c.zoomed = false; });
  group.draw = figures => draw(group, figures);
  group.charts.forEach(chart => {
    chart.table.addEventListener('toggle', () => { if (group.drawn) tabulate(chart, group.drawn); });
    chart.drawing.addEventListener('dblclick', () => { group.unzoom(); draw(group, group.drawn); });
    chart.figure = el('figure', {}, el('figcaption', {}, chart.title), chart.drawing, chart.table);
    into.append(chart.figure);
  });
  groups.push(group);
  return group;
}
function made_chart(chart) {
  // A reader of the screen is told the last values by its label, and the others by the table.
  chart.drawing = el('div', { id: chart.id, class: 'chart', role: 'img' });
  chart.label = el('span', { class: 'named', 'aria-hidden': true, hidden: '' });
  chart.near = null;
  chart.table = el('details', {}, el('summary', { 'aria-label': chart.title + ', as a table' }, 'As a table'), el('div'));
  return chart;
}
/** Colours are read when a curve is made. */
export function repaint() {
  groups.forEach(group => {
    group.charts.forEach(c => { c.plot?.destroy(); c.plot = null; });
    if (group.drawn) draw(group, group.drawn);
  });
}
/**
 * @param figures {@code at} milliseconds since the epoch, {@code of} a name's values, one for each of them, {@code target} seconds or null, {@code marks}, {@code from} and {@code to} in milliseconds
 */
function draw(group, figures) {
  group.drawn = figures;
  const at = figures.at.map(t => t / 1000);
  for (const chart of group.charts) {
    const values = curves_of(chart, figures);
    chart.figure.hidden = Boolean(chart.load) && values.every(v => v.every(one => one === null));
    const last = values.map(v => v[v.length - 1]);
    chart.drawing.setAttribute('aria-label', chart.title + ': ' + chart.curves.map(([, label], i) => label + ' ' + chart.says(last[i])).join(', ') + '. The table below it tells more.');
    plot(group, chart, [at, ...values, ...(chart.target ? [at.map(() => figures.target)] : [])], figures.from / 1000, figures.to / 1000);
    tabulate(chart, figures);
  }
}
/** What a chart has: a load and steady changes are drawn apart. */
function curves_of(chart, { of }) {
  const reads = chart.load === undefined ? [] : of('reads');
  return chart.curves.map(([name]) => chart.load === undefined ? of(name) : of(name).map((value, i) => reads[i] > 0 === chart.load ? value : null));
}
/** Some points of the range, the newest first. */
function tabulate(chart, figures) {
  if (!chart.table.open) return;
  const { at } = figures, many = Math.min(ROWS, at.length);
  const points = Array.from({ length: many }, (_, i) => Math.round((at.length - 1) * (1 - i / Math.max(1, many - 1))));
  const values = curves_of(chart, figures);
  put(chart.table.lastElementChild, table(chart.title, ['Time', ...chart.curves.map(([, label]) => label)], points.map(p => [time(at[p], figures), ...values.map(v => chart.says(v[p]))])));
}
const spans_days = ({ from, to }) => to - from >= DAY_SECONDS * 1000;
const time = (millis, figures) => spans_days(figures) ? when(millis) : clock(millis);
/** A colour of the page as the canvas takes it: it knows no light-dark(). */
function painted(name) {
  const probe = el('span');
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}
function plot(group, chart, data, from, to) {
  const width = chart.drawing.clientWidth;
  if (!width) return;
  chart.plot ??= made(group, chart, data, width);
  if (chart.plot.width !== width) chart.plot.setSize({ width, height: HEIGHT });
  chart.plot.setData(data, false);
  // Where nobody points, the values are the last ones; a plot that has just been made tells none first.
  queueMicrotask(() => { if (!(chart.plot.cursor.left >= 0)) chart.plot.setLegend({ idx: data[0].length - 1 }); });
  if (!chart.zoomed) chart.plot.setScale('x', { min: from, max: to });
  else chart.plot.redraw();
}
function made(group, chart, data, width) {
  const ink = painted('--quiet'), line = painted('--line'), mark = painted('--waiting');
  const axis = more => ({ stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 }, font: '12px system-ui, sans-serif', ...more });
  const times = (u, ticks, of, space, step) => ticks.map(t => spans_days(group.drawn) ? when(t * 1000).slice(5, 16) : clock(t * 1000, step < 60 ? {} : { hour: '2-digit', minute: '2-digit' }));
  const curve = (label, colour, more) => ({ label, stroke: painted(colour), width: 2, spanGaps: false, points: { show: false }, value: (u, v) => chart.says(v), ...more });
  return new uPlot({
    width, height: HEIGHT,
    cursor: { sync: { key: group.name }, drag: { x: true, y: false }, focus: { prox: NEAR } },
    focus: { alpha: 0.3 },
    scales: { y: { range: (u, low, high) => [0, high > 0 ? high * 1.1 : 1] } },
    axes: [axis({ space: (u, of, min, max) => spans_days(group.drawn) ? 90 : max - min < SHORT_SECONDS ? 64 : 50, values: times }), axis({ size: 64, values: (u, ticks) => ticks.map(chart.says) })],
    series: [{ label: 'time', value: (u, t) => t === null ? '' : time(t * 1000, group.drawn) }, ...chart.curves.map(([, label, n]) => curve(label, '--s' + n)),
      ...(chart.target ? [curve(TARGET, '--down', { auto: false, width: 1, dash: [6, 4] })] : [])],
    hooks: { setSelect: [u => { if (u.select.width > 0) group.charts.forEach(c => { c.zoomed = true; }); }], drawClear: [u => happened(u, group.drawn.marks, mark)],
      ready: [u => { u.over.append(chart.label); touched(u); }], setSeries: [(u, series) => { chart.near = series; named(chart, u); }], setCursor: [u => named(chart, u)] },
  }, data, chart.drawing);
}
/** A finger points as a mouse does, which uPlot alone listens to. */
function touched(u) {
  const point = e => {
    if (e.pointerType === 'mouse') return;
    const box = u.over.getBoundingClientRect();
    u.setCursor({ left: e.clientX - box.left, top: e.clientY - box.top });
  };
  u.over.addEventListener('pointerdown', point);
  u.over.addEventListener('pointermove', point);
}
/** Which curve is the one that somebody points at, and its value there. */
function named(chart, u) {
  const { left, top, idx } = u.cursor, curve = u.series[chart.near];
  chart.label.hidden = !curve || chart.near === 0 || !(left >= 0) || idx === null || u.data[chart.near][idx] == null;
  if (chart.label.hidden) return;
  chart.label.textContent = curve.label + ' ' + chart.says(u.data[chart.near][idx]);
  const right = left > u.over.clientWidth / 2;
  Object.assign(chart.label.style, { left: right ? '' : left + BESIDE + 'px', right: right ? u.over.clientWidth - left + BESIDE + 'px' : '', top: Math.max(0, top - 2 * BESIDE) + 'px' });
}
/** A line where something happened. */
function happened(u, marks, colour) {
  u.ctx.save();
  u.ctx.strokeStyle = colour;
  u.ctx.setLineDash([4, 4]);
  for (const mark of marks) {
    const x = Math.round(u.valToPos(mark.at / 1000, 'x', true));
    if (x >= u.bbox.left && x <= u.bbox.left + u.bbox.width) {
      u.ctx.beginPath();
      u.ctx.moveTo(x, u.bbox.top);
      u.ctx.lineTo(x, u.bbox.top + u.bbox.height);
      u.ctx.stroke();
    }
  }
  u.ctx.restore();
}
addEventListener('resize', () => groups.forEach(group => { if (group.drawn) draw(group, group.drawn); }));
