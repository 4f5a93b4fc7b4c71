// The way from Postgres to the search, live.
import { $, again, bytes, choose, counted, el, kept, number, put, rate, say, seconds, ask, when, zone } from './page.js';
import { address, begin, link, put_right, section, shown } from './sections.js';
import { LATENCY, LOAD, STEPS, THROUGHPUT, WAY, WAY_CHART, charts } from './charts.js';

const LOOK_MILLIS = 1000;
const HISTORY_MILLIS = 60_000;
/** Points that came since the console's history was asked for. */
const MOST_RECENT = 600;
/** That are told one by one. */
const MOST_INDEXES = 4;
const NOTHING = { at: [], figures: {}, marks: [], since: null, step: 10, from: 'console', longer: false, trouble: null };
/** Where nobody keeps more, in the list of ranges. */
const LONGEST = '21600';
const drawn = charts($('charts'), [LATENCY, WAY_CHART, THROUGHPUT, LOAD]);

let past = NOTHING;
/** What came since then: a point each second. */
let recent = [];
let history_at = 0;
/** What is being asked for. */
let asked = null;
let targets = {};
/** Views of the pipelines whose documents go to a table, by pipeline. */
let views = {};
/** By table, whether it is parked: what was told last. */
let parked = {};

section('flow', {
  opened: curves,
  place: () => ({ ...($('flow-pipeline').value ? { pipeline: $('flow-pipeline').value } : {}), range: $('range').value }),
  go(at) {
    choose('flow-pipeline', at.pipeline || '');
    choose('range', at.range);
    another_pipeline();
  },
  known(pipelines) {
    targets = Object.fromEntries(pipelines.map(p => [p.name, p.target]));
    views = Object.fromEntries(pipelines.filter(p => p.store === 'postgres').map(p => [p.name, p.index]));
    $('flow-pipeline').append(...pipelines.map(p => el('option', { value: p.name }, p.name)));
    choose('flow-pipeline', kept(localStorage, 'pipeline'));
    another_pipeline();
  },
});
choose('range', kept(localStorage, 'range'));
$('flow-pipeline').addEventListener('change', () => {
  kept(localStorage, 'pipeline', $('flow-pipeline').value);
  another_pipeline();
  link();
});
$('range').addEventListener('change', () => {
  kept(localStorage, 'range', $('range').value);
  drawn.unzoom();
  link();
  history_at = 0;
  whose({});
  curves();
  remember();
});
function another_pipeline() {
  past = NOTHING;
  recent = [];
  parked = {};
  history_at = 0;
}

/** Asked for again and again, since a connection that stays open takes one of the few that a browser has for all its tabs. */
export const follow = () => again(LOOK_MILLIS, () => true, look);
async function look() {
  try {
    await begin();
    const pipeline = $('flow-pipeline').value;
    // What goes on now is not kept waiting by what was.
    if (Date.now() - history_at > HISTORY_MILLIS) remember();
    const view = await ask('api/live?pipeline=' + encodeURIComponent(pipeline));
    if (pipeline === $('flow-pipeline').value) show_live(view);
  } catch (e) {
    $('live-state').textContent = 'Not live. The figures are the last that came; trying again.';
    say('heard', 'Not live: ' + e.message + '.', true);
  }
}
const question = () => 'api/history?pipeline=' + encodeURIComponent($('flow-pipeline').value);
const ranged = () => question() + '&range=' + $('range').value;
async function remember() {
  const wanted = ranged();
  if (asked === wanted) return;
  asked = wanted;
  try {
    // What the console has seen itself comes at once; a Prometheus may take some seconds.
    if (past === NOTHING) take(await ask(question()), wanted);
    if (!take(await ask(wanted), wanted)) return;
    history_at = Date.now();
    ranges();
    whose(past);
  } catch { /* It is asked again at the next look. */ } finally {
    if (asked === wanted) asked = null;
  }
}
/** Another pipeline or range may have been chosen meanwhile. */
function take(answer, wanted) {
  if (wanted !== ranged()) return false;
  past = answer;
  const last = past.at[past.at.length - 1] || 0;
  recent = recent.filter(p => p.at > last);
  put($('marks'), ...(past.marks.length ? [...past.marks].reverse().map(m => el('li', {}, when(m.at) + ' ' + m.text)) : [el('li', {}, 'Nothing ' + since() + '.')]));
  curves();
  return true;
}
/** Longer ones are offered where somebody keeps more than the console does. */
function ranges() {
  [...$('range').options].filter(o => Number(o.value) > Number(LONGEST)).forEach(o => { o.hidden = o.disabled = !past.longer; });
  if (past.longer || Number($('range').value) <= Number(LONGEST)) return;
  choose('range', LONGEST);
  kept(localStorage, 'range', LONGEST);
  put_right('flow');
}
/** Tells who has measured what the curves show, where that is not what one expects; the time moves, and is not read aloud. */
function whose({ from, trouble, step }) {
  const short = from === 'console' && (past.since === null || past.since > Date.now() - $('range').value * 1000 + HISTORY_MILLIS);
  const own = from === 'console' && (trouble || short);
  say('range-state', [from === 'prometheus' ? 'From Prometheus, a point for each ' + (step < 60 ? step + ' s' : step / 60 + ' min') + ': of latencies the largest, of rates the mean.' : '',
    trouble ? trouble + '.' : '', own ? 'The curves are what the console has seen itself,' : ''].filter(t => t).join(' '), Boolean(trouble));
  $('range-since').textContent = from === 'prometheus' ? 'What happened is known ' + since() + '.' : own ? since() + '.' : '';
}
const since = () => 'since ' + when(past.since ?? Date.now());
function show_live(view) {
  $('live-state').textContent = 'Live, ' + when(view.at) + ', time of ' + zone;
  // A gate that is away has not let a table go.
  Object.assign(parked, view.parked);
  say('heard', heard(view));
  const by = Object.fromEntries(view.stages.map(s => [s.name, s]));
  const point = { at: view.at, behind: view.oldest, p50: by.index.p50, p99: by.index.p99, reads: view.reads === null ? null : Number(view.reads) };
  STEPS.forEach(([step]) => { point['rate.' + step] = by[step].rate; });
  WAY.forEach(([step]) => { point['hop.' + step] = view.hops[step]; });
  recent.push(point);
  if (recent.length > MOST_RECENT) recent.shift();
  const refused = Object.values(view.refused).reduce((sum, n) => sum + n, 0);
  const many = parked_tables().length;
  $('parked-count').textContent = [...(many ? [many + ' parked'] : []), ...(refused ? [number(refused) + ' refused'] : [])].join(', ');
  $('parked-count').hidden = !$('parked-count').textContent;
  if (!shown('flow')) return;
  picture(view, by);
  stages(view);
  curves();
}
const parked_tables = () => Object.keys(parked).filter(t => parked[t]).sort();
const refused_of = view => Object.entries(view.refused).filter(([, n]) => n > 0);
/** What a reader of the screen is told: the states, and no figure that moves. */
function heard(view) {
  const away = view.stages.filter(s => s.state !== 'up').map(s => s.label + ' is ' + s.state);
  return [...(away.length ? away : ['All stages are up']), ...parked_tables().map(t => t + ' is parked'), ...refused_of(view).map(([p]) => 'documents of ' + p + ' are refused'), ...view.slow.map(s => s.pipeline + ' is slow')].join('. ') + '.';
}
function picture(view, by) {
  const { wal } = view;
  const items = [node('Postgres', wal ? 'up' : 'waiting', [['WAL kept', bytes(wal?.kept) + (wal?.safe ? ' of ' + bytes(wal.kept + wal.safe) : '')]])];
  const topics = { capture: 'slot', gate: 'captured.*', join: 'rows.*', index: 'documents.*' };
  for (const name of ['capture', 'gate', 'join', 'index']) {
    const s = by[name];
    items.push(arrow(topics[name], s));
    items.push(node(s.label, s.state, [['instances', s.instances], ...s.extra.filter(e => e.value).map(e => [e.name, e.unit === 'B' ? bytes(e.value) : e.unit === 's' ? seconds(e.value) : number(e.value)])], name, name === 'index' && view.slow.length > 0));
  }
  items.push(...targets_of(view));
  put($('picture'), ...items);
  put($('waits'), ...view.stages.filter(s => s.reason).map(s => el('li', { class: s.state }, el('strong', {}, s.label + ' is ' + s.state + '. '), s.reason)),
    ...view.slow.map(s => el('li', { class: 'waiting', 'data-slow': s.pipeline }, el('strong', {}, s.pipeline + ' is slow. '), why_slow(s))),
    ...parked_tables().map(t => el('li', { class: 'waiting', 'data-parked': t }, el('strong', {}, t + ' is parked. '), 'Its rows queue. ', el('a', { href: address('quarantine', { table: t }) }, 'Decide about it'))),
    ...refused_of(view).map(([p, n]) => el('li', { class: 'waiting', 'data-refused': p }, el('strong', {}, counted(n, 'document') + ' of ' + p + ' in quarantine. '), 'What was refused waits there. ', el('a', { href: address('quarantine', { pipeline: p }) }, 'Decide about it'))));
  $('waits').hidden = !$('waits').firstChild;
}
/** Where the documents go: nobody asks the database of tables, so nobody says that it is up. */
function targets_of(view) {
  const counts = Object.entries(view.documents), told = counts.map(([, n]) => n).filter(n => n !== null), chosen = $('flow-pipeline').value;
  const tables = Object.entries(views).filter(([pipeline]) => !chosen || chosen === pipeline).map(([, name]) => name);
  const listed = (names, figure, all) => names.length <= MOST_INDEXES ? names.map(name => [name, figure(name)]) : all;
  const nodes = [
    ...(counts.length ? [node('OpenSearch', told.length < counts.length ? 'waiting' : 'up', listed(counts.map(([index]) => index), index => number(view.documents[index]),
      [['indexes', number(counts.length)], ['documents', number(told.length === counts.length ? told.reduce((sum, n) => sum + n) : null)]]))] : []),
    ...(tables.length ? [node('Database of tables', 'not asked', listed(tables, () => 'a view', [['views', number(tables.length)]]))] : []),
  ];
  return [arrow(counts.length ? 'bulk' : 'rows', null), nodes.length === 1 ? nodes[0] : el('li', { class: 'ends' }, el('ul', {}, ...nodes))];
}
/** Said also on a pipeline's page. */
export const why_slow = ({ p99, oldest, target }) => (p99 > target ? 'One change in a hundred takes ' + seconds(p99) : 'A change that waits is ' + seconds(oldest) + ' old') + ', and its file allows ' + seconds(target) + ' from the commit to the index.';
function node(label, state, figures, name, slow) {
  const looks = slow && state === 'up' ? 'waiting' : state.replace(' ', '-'), said = slow ? state + ', slow' : state;
  return el('li', { class: 'node ' + looks, 'data-stage': name, 'aria-label': label + ', ' + said },
    el('strong', {}, label), el('span', { class: 'state-' + looks }, said),
    ...figures.map(([n, v]) => el('div', { class: 'quiet' }, n + ': ' + v)));
}
function arrow(topic, stage) {
  const moves = stage && stage.rate > 0;
  const item = el('li', { class: 'arrow' + (moves ? ' moves' : '') }, el('div', {}, topic), stage ? el('div', { class: 'rate' }, rate(stage.rate)) : null,
    stage && stage.lag ? el('div', {}, counted(stage.lag, 'waits', 'wait')) : null, stage && stage.name !== 'capture' && stage.lagSeconds >= 0.1 ? el('div', {}, seconds(stage.lagSeconds) + ' behind') : null);
  // As thick as the rate has digits.
  item.style.setProperty('--thick', 2 + (moves ? Math.round(2 * Math.log10(1 + stage.rate)) : 0) + 'px');
  return item;
}
/** Where all pipelines are shown together, what none of their files allows. */
const allowed = () => targets[$('flow-pipeline').value] ?? Math.max(...Object.values(targets));
const judged = value => el('td', { class: value > allowed() ? 'state-waiting' : null }, seconds(value));
function stages(view) {
  put($('stages').tBodies[0], ...view.stages.map(s => el('tr', { 'data-stage': s.name }, el('th', { scope: 'row' }, s.label), el('td', { class: 'state-' + s.state }, s.state), el('td', {}, s.instances),
    el('td', { class: 'rate' }, number(s.rate, 1)), el('td', {}, bytes(s.bytes)), el('td', {}, number(s.lag)), s.name === 'capture' ? el('td', {}, seconds(s.lagSeconds)) : judged(s.lagSeconds), el('td', {}, seconds(s.p50)), judged(s.p99))));
}
/** As far apart as the points of the history: else the newest part of a curve looks like another curve. Each is the mean of what is known of its step. */
function stepped(points) {
  const steps = new Map();
  points.forEach(p => { const step = Math.floor(p.at / 1000 / past.step); steps.set(step, [...(steps.get(step) || []), p]); });
  return [...steps.values()].map(of => Object.fromEntries(Object.keys(of[0]).map(name => {
    const known = of.map(p => p[name]).filter(v => v !== null && v !== undefined);
    return [name, name === 'at' ? of[of.length - 1].at : known.length ? known.reduce((sum, v) => sum + v) / known.length : null];
  })));
}
/** The console's history and what came since, over the range that was chosen; points that are further apart than the console's own are all made by it. */
function curves() {
  if (!shown('flow') || !recent.length && !past.at.length) return;
  const to = recent.length ? recent[recent.length - 1].at : past.at[past.at.length - 1];
  const from = to - $('range').value * 1000;
  const first = past.at.findIndex(t => t >= from);
  const before = list => first < 0 || !list ? [] : list.slice(first);
  const since = past.step > NOTHING.step ? [] : stepped(recent.filter(p => p.at >= from));
  drawn.draw({
    at: [...before(past.at), ...since.map(p => p.at)],
    of: name => [...before(past.figures[name]), ...since.map(p => p[name] ?? null)],
    target: Object.keys(targets).length ? allowed() : null, marks: past.marks, from, to,
  });
}
