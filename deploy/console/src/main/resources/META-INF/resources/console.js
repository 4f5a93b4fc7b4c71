// One page over /api. Whatever comes from data is put in as text, never as markup.
import uPlot from './webjars/uplot/1.6.30/dist/uPlot.esm.js';

const $ = id => document.getElementById(id);
const SVG = 'http://www.w3.org/2000/svg';
const STEPS = [['capture', 'to capture'], ['gate', 'to the gate'], ['join', 'to the document'], ['index', 'to the index']];
/** The whole way of a change; the last step is not a stage's. */
const WAY = [...STEPS, ['search', 'to a search that finds it']];
/** An element with attributes and children; strings become text nodes. */
function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === 'onclick') node.addEventListener('click', value);
    else if (value !== null && value !== undefined) node.setAttribute(key, value);
  }
  node.append(...children.filter(c => c !== null && c !== undefined));
  return node;
}
function svg(name, attributes, ...children) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}
const number = (value, digits = 0) => value === null || value === undefined ? '–' : value.toLocaleString('en', { maximumFractionDigits: digits });
const count = (list, what) => number(list.length) + ' ' + what + (list.length === 1 ? '' : 's');
const seconds = value => value === null || value === undefined ? '–' : value < 1 ? number(value * 1000, value < 0.01 ? 1 : 0) + ' ms' : value < 120 ? number(value, 1) + ' s' : number(value / 60, 1) + ' min';
function bytes(value) {
  if (value === null || value === undefined) return '–';
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
  return number(value, unit ? 1 : 0) + ' ' + units[unit];
}

/** The token goes in a header that only this page sets; there is no cookie that another site could have sent along. */
function headers() {
  const token = $('token').value.trim();
  return token ? { Authorization: 'Bearer ' + token } : {};
}
async function ask(path, options = {}) {
  const answer = await fetch(path, { ...options, headers: { ...headers(), ...options.headers } });
  const text = await answer.text();
  let body;
  try { body = JSON.parse(text); } catch { body = { message: text || 'The answer was empty' }; }
  const why = body.message || body.detail || 'The answer was ' + answer.status;
  if (answer.status === 401) throw new Error((headers().Authorization ? 'The token at the top of the page is not the right one. ' : 'No token is given at the top of the page. ') + why);
  if (!answer.ok) throw new Error(why);
  return body;
}
/** Runs something and says in the section's line what goes on, or what went wrong. */
async function told(line, doing, work) {
  const say = (text, error) => {
    // A reader of the screen says it again whenever it is set, also to the same.
    if ($(line).textContent !== text) $(line).textContent = text;
    $(line).classList.toggle('error', error);
  };
  say(doing, false);
  try {
    say(await work() || '', false);
  } catch (e) {
    say(e.message, true);
  }
}

// --- sections ---------------------------------------------------------------------------------------------------

const tabs = [...document.querySelectorAll('[role="tab"]')];
const section = () => tabs.find(t => t.getAttribute('aria-selected') === 'true').getAttribute('aria-controls');
function show(tab, focus) {
  for (const other of tabs) {
    const chosen = other === tab;
    other.setAttribute('aria-selected', chosen);
    other.tabIndex = chosen ? 0 : -1;
    $(other.getAttribute('aria-controls')).hidden = !chosen;
  }
  if (focus) tab.focus();
  link();
  ask_services();
  if (tab.id === 'tab-flow') draw();
}
/** What a section shows by the caller's token is asked for when it is opened, and when the token changes. */
function ask_services() {
  if (!$('quarantine').hidden) quarantine();
  if (!$('schemas').hidden) schemas();
  if (!$('purge').hidden) purge();
  if (!$('generations').hidden) generations();
}
tabs.forEach((tab, i) => {
  tab.addEventListener('click', () => show(tab));
  tab.addEventListener('keydown', e => {
    const to = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: tabs.length - 1 }[e.key];
    if (to !== undefined) { e.preventDefault(); show(tabs[(to + tabs.length) % tabs.length], true); }
  });
});
$('login').addEventListener('submit', e => { e.preventDefault(); ask_services(); });
$('token').addEventListener('change', () => { kept(sessionStorage, 'token', $('token').value.trim()); ask_services(); });

// --- where one is, in the address, and what one likes, in the browser -------------------------------------------

/** A browser may forbid its store to a page; then nothing is kept. */
function kept(store, name, value) {
  try {
    if (value === undefined) return store.getItem('millrace.' + name) || '';
    if (value) store.setItem('millrace.' + name, value); else store.removeItem('millrace.' + name);
  } catch { /* not kept */ }
  return '';
}
let placed = null;
/** Whether an address is being followed: it is the one that counts then. */
let following = false;
/** The address names what is shown, so that it can be sent to somebody and the browser's way back leads there. */
function link() {
  if (following) return;
  const at = new URLSearchParams({ section: section() });
  if (section() === 'flow') { if ($('flow-pipeline').value) at.set('pipeline', $('flow-pipeline').value); at.set('range', $('range').value); }
  if (section() === 'document' && $('pipeline').value) { at.set('pipeline', $('pipeline').value); if (!$('document-view').hidden) at.set('id', $('id').value); }
  placed = '#' + at;
  // The first one takes the place of none, so that the way back leads out of the page.
  if (!location.hash) window.history.replaceState(null, '', placed);
  else if (location.hash !== placed) location.hash = placed;
}
function choose(id, value) {
  if ([...$(id).options].some(o => o.value === value)) $(id).value = value;
}
function follow_link() {
  if (location.hash === placed) return;
  const at = new URLSearchParams(location.hash.slice(1));
  const tab = $('tab-' + at.get('section'));
  if (!tab || tab.hidden) return;
  placed = location.hash;
  following = true;
  if (at.get('section') === 'flow') {
    choose('flow-pipeline', at.get('pipeline') || '');
    choose('range', at.get('range'));
    another_pipeline();
  }
  if (at.get('section') === 'document') choose('pipeline', at.get('pipeline'));
  const id = at.get('id');
  if (at.get('section') === 'document' && !id) $('document-view').hidden = true;
  show(tab);
  (id ? open_document(id) : Promise.resolve()).finally(() => { following = false; });
}
addEventListener('hashchange', follow_link);
$('scheme').addEventListener('change', () => {
  kept(localStorage, 'scheme', $('scheme').value);
  document.documentElement.dataset.scheme = $('scheme').value;
  charts.forEach(c => c.plot?.destroy());
  charts.forEach(c => { c.plot = null; });
  draw();
});

// --- flow -------------------------------------------------------------------------------------------------------

let live = null;
/** What came since the console's history was asked for: a point each second. */
let past = { at: [], figures: {}, marks: [] };
let recent = [];
const HISTORY_EVERY = 60_000;
let history_at = 0;

/** Asked for again and again, since a connection that stays open takes one of the few that a browser has for all its tabs; a tab that nobody sees asks for nothing. */
async function follow() {
  for (;;) {
    if (!document.hidden) {
      const pipeline = $('flow-pipeline').value;
      try {
        if (Date.now() - history_at > HISTORY_EVERY) await remember(pipeline);
        const view = await ask('api/live?pipeline=' + encodeURIComponent(pipeline));
        if (pipeline === $('flow-pipeline').value) show_live(view);
      } catch (e) {
        $('live-state').textContent = 'Not live: ' + e.message + '. Trying again; the figures are the last that came.';
      }
    }
    await new Promise(done => setTimeout(done, 1000));
  }
}
async function remember(pipeline) {
  let answer;
  try { answer = await ask('api/history?pipeline=' + encodeURIComponent(pipeline)); } catch { return; }
  // Another pipeline may have been chosen meanwhile.
  if (pipeline !== $('flow-pipeline').value) return;
  past = answer;
  const last = past.at[past.at.length - 1] || 0;
  recent = recent.filter(p => p.at > last);
  history_at = Date.now();
  $('marks').replaceChildren(...[...past.marks].reverse().map(m => el('li', {}, new Date(m.at).toLocaleTimeString('en-GB') + ' ' + m.text)));
  if (!past.marks.length) $('marks').replaceChildren(el('li', {}, 'Nothing since ' + (past.at.length ? new Date(past.at[0]).toLocaleString('en-GB') : 'now') + '.'));
}
let pipelines = [];
function branch(b) {
  return el('li', {}, el('strong', {}, b.name || 'document'), el('span', { class: 'quiet' }, ' ' + (b.kind === 'root' ? 'a row of ' : b.kind + ' of ') + b.table + (b.join ? ' where ' + b.join : '')),
    b.fields.length ? el('div', {}, b.fields.join(', ')) : null, b.below.length ? el('ul', {}, ...b.below.map(branch)) : null);
}
function shape() {
  const one = pipelines.find(p => p.name === $('flow-pipeline').value);
  $('shape-view').hidden = !one;
  $('shape').replaceChildren(...(one ? [el('p', { class: 'quiet' }, one.source + ' → index ' + one.index + ', of ' + count(one.tables, 'table')), el('ul', { class: 'tree' }, branch(one.shape))] : []));
}
function another_pipeline() {
  shape();
  past = { at: [], figures: {}, marks: [] };
  recent = [];
  history_at = 0;
}
$('flow-pipeline').addEventListener('change', () => {
  kept(localStorage, 'pipeline', $('flow-pipeline').value);
  another_pipeline();
  link();
});
$('range').addEventListener('change', () => {
  kept(localStorage, 'range', $('range').value);
  charts.forEach(c => { c.zoomed = false; });
  link();
  draw();
});
function show_live(view) {
  live = view;
  $('live-state').textContent = 'Live, ' + new Date(view.at).toLocaleTimeString('en-GB');
  const by = Object.fromEntries(view.stages.map(s => [s.name, s]));
  const point = { at: view.at, behind: Math.max(...view.stages.map(s => s.lagSeconds ?? -1)), p50: by.index.p50, p99: by.index.p99 };
  if (point.behind < 0) point.behind = null;
  STEPS.forEach(([step]) => { point['rate.' + step] = by[step].rate; });
  WAY.forEach(([step]) => { point['hop.' + step] = view.hops[step]; });
  recent.push(point);
  if (recent.length > 600) recent.shift();
  picture(view);
  stages(view);
  draw();
  $('parked-count').hidden = !view.parked.length;
  $('parked-count').textContent = view.parked.length ? view.parked.length + ' parked' : '';
}
function picture(view) {
  const by = Object.fromEntries(view.stages.map(s => [s.name, s]));
  const capture = by.capture;
  const wal = name => capture.extra.find(e => e.name === name)?.value ?? null;
  const kept = wal('WAL kept'), safe = wal('WAL until the slot is lost');
  const items = [node('Postgres', kept === null ? 'waiting' : 'up', [['WAL kept', bytes(kept) + (safe === null ? '' : ' of ' + bytes(kept + safe))]])];
  const topics = { capture: 'slot', gate: 'captured.*', join: 'rows.*', index: 'documents.*' };
  for (const name of ['capture', 'gate', 'join', 'index']) {
    const s = by[name];
    items.push(arrow(topics[name], s));
    items.push(node(s.label, s.state, [['instances', s.instances], ...s.extra.filter(e => !e.name.startsWith('WAL') && e.value !== 0).map(e => [e.name, e.unit === 'B' ? bytes(e.value) : e.unit === 's' ? seconds(e.value) : number(e.value)])], name, name === 'index' && view.slow.length > 0));
  }
  items.push(arrow('bulk', null));
  const counts = Object.entries(view.documents);
  items.push(node('OpenSearch', counts.some(([, n]) => n === null) ? 'waiting' : 'up', counts.map(([index, n]) => [index, number(n)])));
  $('picture').replaceChildren(...items);
  $('waits').replaceChildren(...view.stages.filter(s => s.reason).map(s => el('li', {}, el('strong', {}, s.label + ' is ' + s.state + '. '), s.reason)),
    ...view.slow.map(s => el('li', { 'data-slow': s.pipeline }, el('strong', {}, s.pipeline + ' is slow. '), 'One change in a hundred takes ' + seconds(s.p99) + ' from its commit to the index, and its file allows ' + seconds(s.target) + '.')));
}
function node(label, state, figures, name, slow) {
  const shown = slow && state === 'up' ? 'waiting' : state, said = slow ? state + ', slow' : state;
  return el('li', { class: 'node ' + shown, 'data-stage': name, 'aria-label': label + ', ' + said },
    el('strong', {}, label), el('span', { class: 'state-' + shown }, said),
    ...figures.map(([n, v]) => el('div', { class: 'quiet' }, n + ': ' + v)));
}
function arrow(topic, stage) {
  const moves = stage && stage.rate > 0;
  const item = el('li', { class: 'arrow' + (moves ? ' moves' : '') }, el('div', {}, topic), stage ? el('div', { class: 'rate' }, number(stage.rate, 1) + '/s') : null,
    stage && stage.lag ? el('div', {}, number(stage.lag) + ' wait') : null, stage && stage.lagSeconds >= 0.1 ? el('div', {}, seconds(stage.lagSeconds) + ' behind') : null);
  // As thick as the rate has digits.
  item.style.setProperty('--thick', 2 + (moves ? Math.round(2 * Math.log10(1 + stage.rate)) : 0) + 'px');
  return item;
}
function stages(view) {
  $('stages').tBodies[0].replaceChildren(...view.stages.map(s => el('tr', { 'data-stage': s.name }, el('th', { scope: 'row' }, s.label), el('td', { class: 'state-' + s.state, title: s.reason }, s.state), el('td', {}, s.instances),
    el('td', { class: 'rate' }, number(s.rate, 1)), el('td', {}, bytes(s.bytes)), el('td', {}, number(s.lag)), el('td', {}, seconds(s.lagSeconds)), el('td', {}, seconds(s.p50)), el('td', {}, seconds(s.p99)))));
}
const rate = value => value === null || value === undefined ? '–' : number(value, value < 10 ? 1 : 0) + '/s';
/** Each with its curves: the name of the figure, its label, which of the page's colours. */
const charts = [
  { id: 'latency', says: seconds, curves: [['p50', 'half of the changes, p50', 0], ['p99', 'p99', 2], ['behind', 'oldest that is under way', 4]] },
  { id: 'steps', says: seconds, curves: WAY.map(([step, label], n) => ['hop.' + step, label, n]) },
  { id: 'throughput', says: rate, curves: STEPS.map(([step], n) => ['rate.' + step, step, n]) },
];
/** A colour of the page as the canvas takes it: it knows no light-dark(). */
function painted(name) {
  const probe = el('span');
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}
function draw() {
  if ($('flow').hidden || !recent.length && !past.at.length) return;
  const now = recent.length ? recent[recent.length - 1].at : past.at[past.at.length - 1];
  const from = now - $('range').value * 1000;
  const first = past.at.findIndex(t => t >= from);
  const fresh = recent.filter(p => p.at >= from);
  const at = [...(first < 0 ? [] : past.at.slice(first)), ...fresh.map(p => p.at)].map(t => t / 1000);
  const one = pipelines.find(p => p.name === $('flow-pipeline').value), target = one ? one.target : null;
  for (const chart of charts) {
    const values = chart.curves.map(([name]) => [...(first < 0 || !past.figures[name] ? [] : past.figures[name].slice(first)), ...fresh.map(p => p[name] ?? null)]);
    if (chart.id === 'latency') values.push(at.map(() => target));
    plot(chart, [at, ...values], from / 1000, now / 1000);
    const last = values.map(v => v[v.length - 1]);
    $(chart.id).setAttribute('aria-label', chart.curves.map(([, label], i) => label + ' ' + chart.says(last[i])).join(', '));
  }
}
function plot(chart, data, from, to) {
  const width = $(chart.id).clientWidth;
  if (!width) return;
  if (!chart.plot) {
    const ink = painted('--quiet'), line = painted('--line');
    const axis = more => ({ stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 }, font: '12px system-ui, sans-serif', ...more });
    chart.plot = new uPlot({
      width, height: 190,
      cursor: { sync: { key: 'flow' }, drag: { x: true, y: false } },
      scales: { y: { range: (u, low, high) => [0, high > 0 ? high * 1.1 : 1] } },
      axes: [axis({ space: 72, values: (u, ticks) => ticks.map(t => new Date(t * 1000).toLocaleTimeString('en-GB', u.scales.x.max - u.scales.x.min < 600 ? {} : { hour: '2-digit', minute: '2-digit' })) }), axis({ size: 62, values: (u, ticks) => ticks.map(chart.says) })],
      series: [{ label: 'time', value: (u, t) => t === null ? '' : new Date(t * 1000).toLocaleTimeString('en-GB') }, ...chart.curves.map(([, label, n]) => ({ label, stroke: painted('--s' + n), width: 2, spanGaps: false, points: { show: false }, value: (u, v) => chart.says(v) })), ...(chart.id === 'latency' ? [{ label: 'its file allows p99', auto: false, stroke: painted('--down'), width: 1, dash: [6, 4], points: { show: false }, value: (u, v) => chart.says(v) }] : [])],
      hooks: { setSelect: [u => { if (u.select.width > 0) charts.forEach(c => { c.zoomed = true; }); }], drawClear: [u => marked(u)] },
    }, data, $(chart.id));
  }
  if (chart.plot.width !== width) chart.plot.setSize({ width, height: 190 });
  chart.plot.setData(data, false);
  // Where nobody points, the values are the last ones.
  if (!(chart.plot.cursor.left >= 0)) chart.plot.setLegend({ idx: data[0].length - 1 });
  if (!chart.zoomed) chart.plot.setScale('x', { min: from, max: to });
  else chart.plot.redraw();
}
/** A line where something happened. */
function marked(u) {
  u.ctx.save();
  u.ctx.strokeStyle = painted('--waiting');
  u.ctx.setLineDash([4, 4]);
  for (const mark of past.marks) {
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
addEventListener('resize', draw);
charts.forEach(chart => $(chart.id).addEventListener('dblclick', () => { charts.forEach(c => { c.zoomed = false; }); draw(); }));

// --- quarantine -------------------------------------------------------------------------------------------------

function quarantine() {
  return told('quarantine-state', 'Asking the gate …', async () => {
    $('parked').replaceChildren();
    const tables = await ask('api/quarantine');
    $('parked').replaceChildren(...tables.map(parked));
    return tables.length ? '' : 'No table is parked.';
  });
}
function parked(table) {
  const cause = table.cause || {};
  const difference = (cause.difference || []).map(d => el('tr', {}, el('td', { class: 'wrap' }, d.field), el('td', { class: 'wrap' }, d.was ?? 'absent'), el('td', { class: 'wrap' }, d.is ?? 'absent')));
  const button = (decision, text, extra) => el('button', { 'data-decision': decision, class: decision === 'discard' ? 'danger' : null, onclick: () => decide(table, decision, extra) }, text);
  return el('div', { class: 'parked', 'data-table': table.table }, el('h3', {}, table.table + ': ' + table.state),
    el('p', {}, number(table.records) + ' records, ' + number(table.refused) + ' refused; oldest ' + (table.oldest || 'none')),
    el('p', {}, (cause.reason || '') + (cause.detail ? ': ' + cause.detail : '')),
    difference.length ? el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Difference of the schemas' }, el('table', {}, el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, 'Field'), el('th', { scope: 'col' }, 'Was'), el('th', { scope: 'col' }, 'Is'))), el('tbody', {}, ...difference))) : null,
    el('p', { class: 'line' }, cause.reason === 'schema-refused' ? button('accept-replay', 'Accept the schema and replay') : null, cause.reason === 'takes-too-much' ? button('accept', 'Agree that the rows leave') : null, cause.reason === 'takes-too-much' ? button('discard', 'Leave the documents as they are', { count: table.refused, which: 'REFUSED' }) : null, button('replay', 'Replay'), cause.reason === 'schema-refused' ? el('button', { 'data-decision': 'reread', onclick: () => reread(table) }, 'Read its rows again') : null, button('hold', 'Hold'), button('discard', 'Discard all', { count: table.records, which: 'ALL' })));
}
const MEANS = {
  'accept-replay': () => 'The new schema is registered, the rule lifted for this once, and the queued records go on in order. Rows that are not among them keep their old values until the table is read again.',
  accept: t => ((t.cause || {}).reason === 'takes-too-much' ? 'What is queued now may take the rows away.' : 'The new schema is registered, the rule lifted for this once.') + ' The table stays parked until it is replayed.',
  replay: () => 'The queued records go on in order.',
  hold: () => 'The table is parked, or its replay interrupted.',
  discard: (t, { count, which }) => 'This loses ' + number(count) + ' records for good.' + (which === 'REFUSED' ? ' The others go on in order. The documents keep what the source has lost, until the table is read again.' : ''),
};
/** @param lost how many records are lost for good by it; who decides has to type the number */
function confirmed(title, text, work, lost) {
  $('count-line').hidden = lost === undefined;
  $('count').required = lost !== undefined;
  $('count').pattern = lost === undefined ? '' : String(lost);
  $('count').value = '';
  $('decide-yes').classList.toggle('danger', lost !== undefined);
  $('decide-title').textContent = title;
  $('decide-text').textContent = text;
  $('reason').value = '';
  const dialog = $('decide');
  dialog.returnValue = 'no';
  dialog.showModal();
  dialog.onclose = () => { if (dialog.returnValue === 'yes') work(); };
}
/** Rows that stood in the table before its schema changed keep their old values until then. */
function reread(table) {
  const at = table.table.indexOf('.');
  const path = 'api/resnapshots/' + encodeURIComponent(table.table.slice(0, at)) + '/' + encodeURIComponent(table.table.slice(at + 1));
  told('quarantine-state', 'Asking capture …', async () => {
    const rows = number((await ask(path)).estimate);
    confirmed('Read ' + table.table + ' again?', 'About ' + rows + ' rows are read while all changes flow on. Until then those that stood there before the change hold their old values.',
      () => told('quarantine-state', 'Telling capture …', async () => (await ask(path, { method: 'POST' })).table + ' is being read again, about ' + rows + ' rows.'));
    return '';
  });
}
function decide(table, decision, extra = {}) {
  confirmed(decision.replace('accept-replay', 'accept and replay').replace(/^./, c => c.toUpperCase()) + ' ' + table.table + '?', MEANS[decision](table, extra), () => {
    told('quarantine-state', 'Telling the gate …', async () => {
      let said = [];
      for (const step of decision.split('-')) {
        const answer = await ask('api/quarantine/' + encodeURIComponent(table.table) + '/' + step,
          { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ reason: $('reason').value, ...extra }) });
        said.push(answer.message);
      }
      await new Promise(done => setTimeout(done, 300));
      await quarantine();
      return said.join(' ');
    });
  }, decision === 'discard' ? extra.count : undefined);
}

// --- schemas ----------------------------------------------------------------------------------------------------

function schemas() {
  return told('schemas-state', 'Asking the gate …', async () => {
    const tables = await ask('api/schemas');
    const before = $('table').value;
    $('table').replaceChildren(...tables.map(t => el('option', { value: t }, t)));
    if (tables.includes(before)) $('table').value = before;
    return count(tables, 'table');
  });
}
$('schema').addEventListener('submit', e => {
  e.preventDefault();
  told('schemas-state', 'Asking the registry …', async () => {
    $('schema-view').hidden = true;
    const view = await ask('api/schemas/' + encodeURIComponent($('table').value));
    const taken = use => el('li', {}, use.pipeline + (use.document ? ': ' + use.document : ''), ' ', el('code', {}, use.at));
    $('columns').querySelector('tbody').replaceChildren(...view.columns.map(c => el('tr', {}, el('td', { class: 'wrap' }, c.name), el('td', { class: 'wrap' }, c.type), el('td', { class: 'wrap' }, c.uses.length ? el('ul', {}, ...c.uses.map(taken)) : 'nobody'))));
    $('versions').replaceChildren(...view.versions.map(v => el('li', { value: v.version }, new Date(v.since).toLocaleString('en', { timeZone: 'UTC' }) + ' UTC',
      el('ul', {}, ...v.changes.map(c => el('li', {}, el('code', {}, c.field || 'the record'), ': ' + (c.was ?? 'absent') + ' → ' + (c.is ?? 'absent')))))));
    $('schema-view').hidden = false;
    return view.table + ': ' + count(view.columns, 'column') + ', ' + count(view.versions, 'version');
  });
});
$('check').addEventListener('submit', e => {
  e.preventDefault();
  told('check-state', 'Running the migration in the scratch database …', async () => {
    $('findings').replaceChildren();
    const question = { migrations: [{ name: 'migration.sql', text: $('sql').value }], source: $('table').value.split('.')[0] || null };
    if ($('baseline').value.trim()) question.baseline = [{ name: 'baseline.sql', text: $('baseline').value }];
    const report = await ask('api/check', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(question) });
    $('findings').replaceChildren(...report.findings.map(f => el('li', { 'data-rule': f.rule }, el('strong', {}, f.level + ', ' + f.rule), ' in line ' + f.line + ': ' + f.message,
      el('ul', {}, ...f.impacts.map(i => el('li', {}, i.pipeline + (i.document ? ': ' + i.document : '') + ': ' + i.how)), f.safe ? el('li', {}, 'Instead: ' + f.safe) : null))));
    return number(report.statements) + ' statements in ' + number(report.milliseconds) + ' ms: ' + (report.findings.length ? count(report.findings, 'finding') : 'nothing breaks') + report.notes.map(n => '. ' + n).join('');
  });
});

// --- indexes ----------------------------------------------------------------------------------------------------

const built = () => 'api/pipelines/' + encodeURIComponent($('g-pipeline').value) + '/generations';
const role = g => ({ SERVES: 'serving', TAKES_OVER: 'taking over', ASIDE: g.held ? 'held' : 'being built' })[g.role] ?? 'another pipeline’s';
function generations(doing = 'Asking the indexer …') {
  return told('generations-state', doing, async () => {
    const all = await ask(built());
    $('indexes').querySelector('tbody').replaceChildren(...all.map(g => el('tr', {}, el('td', { class: 'wrap' }, g.index), el('td', { class: 'wrap' }, g.pipeline), el('td', { class: 'wrap' }, g.waits ? role(g) + '; it waits: ' + g.waits : role(g)), el('td', {}, new Date(g.made).toLocaleString('en', { timeZone: 'UTC' }) + ' UTC'),
      el('td', {}, number(g.documents)), el('td', {}, number(g.behind)), el('td', {}, g.role === 'ASIDE' ? el('button', { onclick: () => serve(g.index) }, 'Have it serve') : null))));
    return count(all, 'index').replace(/indexs$/, 'indexes');
  });
}
function serve(index) {
  confirmed('Have ' + index + ' serve?', 'Readers see it as soon as it has all. The index that serves now is written on.', () => told('generations-state', 'Telling the indexer …', async () => {
    await ask(built() + '/' + encodeURIComponent(index) + '/service', { method: 'POST' });
    await generations();
    return index + ' serves as soon as it has all.';
  }));
}
$('g-pipeline').addEventListener('change', () => generations());
$('rebuild').addEventListener('submit', e => {
  e.preventDefault();
  told('generations-state', 'Telling the indexer …', async () => {
    const begun = await ask(built(), { method: 'POST' });
    await generations();
    return begun.index + ' is being built.';
  });
});
/** How far they are changes while one looks. */
setInterval(() => { if (!$('generations').hidden && $('g-pipeline').value && !$('decide').open) generations($('generations-state').textContent); }, 2000);

// --- document ---------------------------------------------------------------------------------------------------

const chosen = () => 'api/pipelines/' + encodeURIComponent($('pipeline').value);
$('find').addEventListener('submit', e => {
  e.preventDefault();
  told('document-state', 'Searching …', async () => {
    $('document-view').hidden = true;
    const found = await ask(chosen() + '/search?q=' + encodeURIComponent($('words').value));
    $('hits').replaceChildren(...found.hits.map(hit => el('li', {}, el('button', { onclick: () => open_document(hit.id) }, el('strong', {}, hit.id), ' ' + hit.text))));
    return number(found.total) + ' found';
  });
});
$('open').addEventListener('submit', e => { e.preventDefault(); open_document($('id').value); });
function open_document(id) {
  return told('document-state', 'Opening ' + id + ' …', async () => {
    const view = await ask(chosen() + '/documents/' + encodeURIComponent(id));
    $('hits').replaceChildren();
    $('id').value = id;
    $('document-view').hidden = false;
    link();
    $('in-index').textContent = view.document ?? 'nothing';
    $('in-postgres').textContent = view.twin ?? 'nothing';
    $('difference-title').textContent = view.comparison === 'unknown' ? 'Not compared' : view.document === null && view.twin === null ? 'Neither has it' : view.document === null ? 'Only Postgres has it' : view.twin === null ? 'Only the index has it' : view.differences.length ? 'The index and Postgres differ in ' + (view.differences.length === 1 ? 'one place' : view.differences.length + ' places') : 'The index and Postgres agree';
    $('differences').replaceChildren(...view.differences.map(d => el('li', {}, el('code', {}, d.path), ': ' + (d.index ?? 'nothing') + ' in the index, ' + (d.postgres ?? 'nothing') + ' in Postgres')));
    waterfall(view.trace);
    return ['Document ' + view.id + (view.version === null ? '' : ', version ' + view.version), ...view.notes, ...(view.trace ? view.trace.notes : [])].join('. ');
  });
}
function waterfall(trace) {
  const hops = trace ? trace.hops : [];
  if (!hops.length) { $('waterfall').replaceChildren(el('li', {}, 'not known')); return; }
  const begin = hops[0].atMicros;
  const whole = Math.max(1, ...hops.map(h => h.atMicros - begin));
  $('waterfall').replaceChildren(...hops.map(h => {
    const to = (h.atMicros - begin) / whole * 100, from = (h.atMicros - begin - h.tookMicros) / whole * 100;
    return el('li', {}, el('span', {}, h.stage + ': ' + h.done), el('span', {}, number(h.tookMicros / 1000, 1) + ' ms'),
      svg('svg', { viewBox: '0 0 100 4', preserveAspectRatio: 'none', 'aria-hidden': 'true' }, svg('rect', { class: 'bar', x: Math.max(0, Math.min(from, 99.5)), y: 0, width: Math.max(0.5, to - from), height: 4 })));
  }));
}

// --- purge ------------------------------------------------------------------------------------------------------

const when = time => new Date(time).toLocaleString('en-GB', { timeZone: 'UTC' }) + ' UTC';
const sent = (body, more = {}) => ({ method: 'POST', headers: { 'Content-Type': 'application/json', ...more }, body: JSON.stringify(body) });
/** A key of its own for each request; randomUUID is there only where the page came encrypted or from this machine. */
const keyed = () => ({ 'Idempotency-Key': Array.from(crypto.getRandomValues(new Uint8Array(16)), b => b.toString(16).padStart(2, '0')).join('') });

function purge() {
  erasures();
  held();
  verifications();
}
function erasures() {
  return told('erasures-state', 'Asking the purge service …', async () => {
    $('erasures').tBodies[0].replaceChildren();
    const all = await ask('api/erasures?state=' + encodeURIComponent($('erasure-state').value));
    $('erasures').tBodies[0].replaceChildren(...all.map(erasure));
    return count(all, 'erasure');
  });
}
$('erasure-state').addEventListener('change', erasures);
function erasure(e) {
  const far = e.subject ? [e.waitsFor && 'waits for ' + e.waitsFor, e.hiddenAt && 'hidden since ' + when(e.hiddenAt), e.proof, e.recordsUntil && 'older records until ' + when(e.recordsUntil), e.endedBy && 'ended by ' + e.endedBy]
    : [e.seenAt && 'seen ' + when(e.seenAt), e.version && 'version ' + e.version];
  const whom = e.subject ? e.subject + ' ' + e.keyHash.slice(0, 12) + '…' : e.pipeline + ' ' + e.document;
  return el('tr', { 'data-erasure': e.id }, el('td', {}, when(e.requestedAt)), el('td', { class: 'wrap' }, whom), el('td', {}, e.state), el('td', { class: 'wrap' }, e.requestedBy + ': ' + e.reason),
    el('td', { class: 'wrap' }, far.filter(f => f).join('; ')), el('td', {}, e.subject && e.state !== 'ended' ? el('button', { 'aria-label': 'Withdraw the erasure of ' + whom, onclick: () => withdraw(e, whom) }, 'Withdraw …') : null));
}
/** Tells the purge service with the reason that was given, and shows the list as it is then. */
function decided(line, path, options) {
  return told(line, 'Telling the purge service …', async () => {
    const answer = await ask(path, options());
    await Promise.all([erasures(), held()]);
    return (answer.subject ? 'The erasure of a ' + answer.subject : answer.document ? 'The erasure of ' + answer.document : 'The run of ' + answer.pipeline) + ' is ' + answer.state + '.';
  });
}
function withdraw(e, whom) {
  confirmed('End the erasure of ' + whom + '?', 'What the source has of them comes back into the documents.', () =>
    decided('erasures-state', 'api/erasures/' + encodeURIComponent(e.id) + '/withdrawal', () => sent({ reason: $('reason').value })));
}
$('forget').addEventListener('submit', e => {
  e.preventDefault();
  const subject = $('subject').value, key = $('subject-key').value;
  confirmed('Erase the ' + subject + ' ' + key + '?', 'Every row that carries them leaves all documents and topics of the source, or is redacted, as the pipeline files say. The source keeps its rows.', () => {
    $('subject-key').value = '';
    decided('erasures-state', 'api/erasures', () => sent({ subject, key, reason: $('reason').value }, keyed()));
  });
});
$('erase-document').addEventListener('click', () => {
  const pipeline = $('pipeline').value, id = $('id').value;
  if (!$('open').reportValidity()) return;
  confirmed('Erase ' + id + ' of ' + pipeline + '?', 'The document leaves the index and stays away, until a row of it is inserted anew. The source keeps its rows.', () =>
    decided('document-state', 'api/erasures/documents/' + encodeURIComponent(pipeline) + '/' + encodeURIComponent(id), () => sent({ reason: $('reason').value }, keyed())));
});
function held() {
  return told('retention-state', 'Asking the purge service …', async () => {
    $('held').replaceChildren();
    const runs = await ask('api/retention-runs');
    $('held').replaceChildren(...runs.map(r => el('div', { class: 'parked', 'data-run': r.id }, el('h4', {}, r.pipeline), el('p', {}, number(r.impact.leaving) + ' of ' + number(r.impact.shown) + ' documents would leave as of ' + when(r.asOf) + ': ' + r.rules.join('; ')),
      el('p', { class: 'line' }, el('button', { onclick: () => let_leave(r) }, 'Let them leave …')))));
    return runs.length ? '' : 'Nothing waits.';
  });
}
function let_leave(run) {
  confirmed('Let ' + number(run.impact.leaving) + ' documents of ' + run.pipeline + ' leave?', 'They leave the index; the source keeps its rows.', () =>
    decided('retention-state', 'api/retention-runs/' + encodeURIComponent(run.id) + '/confirmation', () => sent({ reason: $('reason').value })));
}
let look_again = null;
/** Again each second while one runs and somebody looks. */
function verifications(doing = 'Asking the purge service …') {
  clearTimeout(look_again);
  return told('verify-state', doing, async () => {
    const all = await ask('api/verifications');
    $('verifications').tBodies[0].replaceChildren(...all.map(verification));
    const running = all.find(v => v.state === 'running');
    if (!running) return all.length ? '' : 'None yet.';
    look_again = setTimeout(() => { if (!$('purge').hidden) verifications($('verify-state').textContent); }, 1000);
    return running.pipeline + ' is being verified.';
  });
}
function verification(v) {
  const path = 'api/verifications/' + encodeURIComponent(v.id);
  const stop = () => told('verify-state', 'Telling the purge service …', async () => {
    await ask(path + '/stop', { method: 'POST' });
    await verifications();
    return 'The verification of ' + v.pipeline + ' was stopped.';
  });
  const look = v.state === 'running' ? el('button', { 'aria-label': 'Stop the verification of ' + v.pipeline, onclick: stop }, 'Stop')
    : v.differences || v.repaired ? el('button', { 'aria-label': 'Show what differed in ' + v.pipeline, onclick: () => found(v, path) }, 'Show') : null;
  return el('tr', { 'data-verification': v.id }, el('td', {}, when(v.requestedAt)), el('td', { class: 'wrap' }, v.pipeline), el('td', { title: (v.notes || []).join('. ') }, v.state === 'running' ? v.phase : v.state), el('td', {}, number(v.documents)), el('td', {}, number(v.differences)),
    el('td', {}, number(v.repaired)), el('td', { class: 'wrap' }, v.requestedBy), el('td', {}, look));
}
function found(v, path) {
  return told('verify-state', 'Asking the purge service …', async () => {
    const all = await ask(path + '/differences');
    $('found').replaceChildren(...all.map(f => el('li', {}, el('strong', {}, f.id), ' ' + f.kind + (f.repair ? ', repair: ' + f.repair : ''),
      el('ul', {}, ...(f.first || []).map(d => el('li', {}, el('code', {}, d.path), ': ' + (d.index ?? 'nothing') + ' in the index, ' + (d.postgres ?? 'nothing') + ' in Postgres'))))));
    return all.length ? 'The first of ' + v.pipeline + ' that differed' : 'Only the last verification of a pipeline tells which documents differed.';
  });
}
$('verify').addEventListener('submit', e => {
  e.preventDefault();
  told('verify-state', 'Telling the purge service …', async () => {
    $('found').replaceChildren();
    await ask('api/verifications/' + encodeURIComponent($('verify-pipeline').value), sent({ repair: $('verify-repair').checked }));
    await verifications();
    return $('verify-state').textContent;
  });
});

// --- the manage page --------------------------------------------------------------------------------------------

$('ask').addEventListener('submit', e => { e.preventDefault(); manage(); });
let again = false;
$('m-again').addEventListener('change', async () => {
  if (again) return;
  for (again = true; $('m-again').checked; await new Promise(done => setTimeout(done, 1000))) {
    if (!$('manage').hidden) await manage($('manage-state').textContent);
  }
  again = false;
});
function manage(doing = 'Asking both …') {
  return told('manage-state', doing, async () => {
    const query = new URLSearchParams({ text: $('m-text').value, status: $('m-status').value, team: $('m-team').value, tag: $('m-tag').value, sort: $('m-sort').value, page: Math.max(0, $('m-page').value - 1) });
    const page = await ask('api/manage?' + query);
    side('side-postgres', 'Postgres', page.postgres);
    side('side-index', 'The index', page.index);
    const same = JSON.stringify(page.postgres.rows.map(r => r.id)) === JSON.stringify(page.index.rows.map(r => r.id));
    return page.postgres.error || page.index.error ? 'One of them did not answer.' : same ? 'The same rows.' : 'Not the same rows: text is matched in its middle by Postgres and from the beginnings of words by the index; or a change is on its way.';
  });
}
function side(id, name, answer) {
  if (answer.error) { $(id).replaceChildren(el('h3', {}, name), el('p', { class: 'error' }, answer.error)); return; }
  const facet = (title, counts) => el('p', { class: 'quiet' }, title + ': ' + Object.entries(counts).map(([k, n]) => k + ' ' + number(n)).join(', '));
  $(id).replaceChildren(el('h3', {}, name), el('div', { class: 'millis' }, number(answer.millis) + ' ms'), el('p', {}, number(answer.total) + ' monitors'), facet('Status', answer.statuses), facet('Team', answer.teams),
    el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': name + ', rows' }, el('table', {}, el('thead', {}, el('tr', {}, ...['Id', 'Name', 'Status', 'Team'].map(h => el('th', { scope: 'col' }, h)))),
      el('tbody', {}, ...answer.rows.map(r => el('tr', {}, el('td', {}, r.id), el('td', { class: 'wrap' }, r.name), el('td', {}, r.status), el('td', { class: 'wrap' }, r.team ?? '')))))));
}

// --------------------------------------------------------------------------------------------------------------

choose('scheme', kept(localStorage, 'scheme'));
document.documentElement.dataset.scheme = $('scheme').value;
choose('range', kept(localStorage, 'range'));
$('token').value = kept(sessionStorage, 'token');
told('document-state', '', async () => {
  pipelines = await ask('api/pipelines');
  $('pipeline').replaceChildren(...pipelines.map(p => el('option', { value: p.name }, p.name)));
  $('verify-pipeline').replaceChildren(...pipelines.map(p => el('option', { value: p.name }, p.name)));
  $('subject').replaceChildren(...[...new Set(pipelines.flatMap(p => p.subjects))].map(name => el('option', { value: name }, name)));
  $('forget').hidden = !$('subject').options.length;
  $('no-subjects').hidden = !$('forget').hidden;
  $('g-pipeline').replaceChildren(...pipelines.map(p => el('option', { value: p.name }, p.name)));
  $('flow-pipeline').append(...pipelines.map(p => el('option', { value: p.name }, p.name)));
  $('tab-manage').hidden = !pipelines.some(p => p.manage);
  choose('flow-pipeline', kept(localStorage, 'pipeline'));
  another_pipeline();
}).then(() => {
  if (location.hash) follow_link(); else link();
});
follow();
