// All pipelines in a table, and one of them with all that is known of it and what a person can do.
import { $, again, ask, choose, confirmed, counted, el, number, put, say, seconds, table, told, when } from './page.js';
import { address, link, section, shown } from './sections.js';
import { LATENCY, charts } from './charts.js';
import { why_slow } from './flow.js';

const LOOK_MILLIS = 2000;
/** The console has a point each ten seconds. */
const HISTORY_MILLIS = 10_000;
const RANGE_SECONDS = 1800;
/** As the command status has it. */
const VERIFIED_WITHIN_MILLIS = 7 * 24 * 3600 * 1000;
let pipelines = [];
let seen = [];
const latency = charts($('one-chart'), [{ ...LATENCY, id: 'pipeline-latency' }]);
let history_at = 0;
/** The columns of all pipelines: head, and by what they are sorted. */
const COLUMNS = [['Pipeline', f => f.name], ['Waits for a person', f => needs(f).length], ['Documents', f => f.documents], ['On their way', f => f.waiting], ['To the index, p50', f => f.p50], ['p99', f => f.p99],
  ['Allowed p99', f => f.target], ['Last verified as a whole', f => f.verifiedAt]];
/** Those that wait for a person first. */
let sorted = { column: 1, down: true };

section('pipelines', {
  opened,
  place: () => chosen() ? { pipeline: chosen() } : $('find-pipeline').value ? { find: $('find-pipeline').value } : {},
  go(at) {
    choose('one', at.pipeline || '');
    $('find-pipeline').value = at.find || '';
  },
  known(all) {
    pipelines = all;
    $('one').append(...all.map(p => el('option', { value: p.name }, p.name)));
  },
  forget: () => ['all-pipelines', 'needs', 'facts', 'tables', 'indexes'].forEach(id => $(id).replaceChildren()),
});
const chosen = () => $('one').value;
$('one').addEventListener('change', () => { link(); opened(); });
$('find-pipeline').addEventListener('input', () => { say('pipelines-state', all_of_them()); });
$('find-pipeline').addEventListener('change', link);
/** It leaves the lines alone in which an answer to a person stands; the line at the top says when the console is away. */
again(LOOK_MILLIS, () => shown('pipelines') && !$('decide').open, async () => {
  try {
    await figures();
    // What goes on now is not kept waiting by what was.
    if (Date.now() - history_at > HISTORY_MILLIS) curve().catch(() => { /* the next one may come */ });
    // Who has no token was told so once.
    if ($('indexes').firstChild) await indexes(chosen());
  } catch { /* the next look may succeed */ }
});

function opened() {
  const one = pipelines.find(p => p.name === chosen());
  ['all-pipelines', 'find-pipelines'].forEach(id => { $(id).hidden = !!one; });
  $('one-pipeline').hidden = !one;
  if (one) $('shape').replaceChildren(el('ul', { class: 'tree' }, branch(one.shape)));
  $('indexes').replaceChildren();
  told('pipelines-state', 'Asking the services …', figures);
  latency.unzoom();
  if (one) curve().catch(() => { /* the next look may succeed */ });
  if (one) told('generations-state', 'Asking the indexer …', () => indexes(one.name));
}
/** They need no token; what the indexer tells of its indexes does. */
async function figures() {
  const of = chosen(), all = await ask('api/figures');
  // Another pipeline may have been chosen meanwhile.
  if (of !== chosen()) return '';
  const one = all.find(f => f.name === of);
  if (one) whole(one, pipelines.find(p => p.name === of));
  seen = all;
  return one ? '' : all_of_them();
}
/** How long the changes of the pipeline that is shown have taken. */
async function curve() {
  const of = pipelines.find(p => p.name === chosen());
  if (!of) return;
  history_at = Date.now();
  const past = await ask('api/history?pipeline=' + encodeURIComponent(of.name) + '&range=' + RANGE_SECONDS);
  if (of.name !== chosen()) return;
  const to = past.at[past.at.length - 1] ?? Date.now();
  latency.draw({ at: past.at, of: name => past.figures[name] ?? [], target: of.target, marks: past.marks, from: to - RANGE_SECONDS * 1000, to });
}
/** Those that were asked for, in the order that was. @return how many */
function all_of_them() {
  const found = seen.filter(is_wanted).sort(in_order);
  put($('all-pipelines'), table('Pipelines', COLUMNS.map(head), found.map(row)));
  return (found.length === seen.length ? '' : number(found.length) + ' of ') + counted(seen.length, 'pipeline');
}
/** By its name, its source, its index or one of its tables. */
function is_wanted(f) {
  const words = $('find-pipeline').value.trim().toLowerCase(), p = pipelines.find(one => one.name === f.name);
  return !words || [f.name, p?.source, p?.index, ...(p?.tables ?? []).map(t => t.name)].some(name => name?.toLowerCase().includes(words));
}
/** What is not known stands last. */
function in_order(a, b) {
  const of = COLUMNS[sorted.column][1], [x, y] = [of(a), of(b)], none = v => v === null || v === undefined;
  if (none(x) || none(y)) return none(x) - none(y) || a.name.localeCompare(b.name);
  const order = typeof x === 'string' ? x.localeCompare(y) : x - y;
  return (sorted.down ? -order : order) || a.name.localeCompare(b.name);
}
function head([text], column) {
  const sort = column !== sorted.column ? null : sorted.down ? 'descending' : 'ascending';
  return el('button', { class: 'head', 'data-sort': sort, onclick: () => sort_by(column) }, text);
}
function sort_by(column) {
  sorted = { column, down: column === sorted.column ? !sorted.down : column > 0 };
  all_of_them();
  $('all-pipelines').querySelectorAll('th .head')[column].focus();
}
const time = at => at === null ? '–' : when(at);
function row(f) {
  const waits = needs(f);
  return [el('a', { href: address('pipelines', { pipeline: f.name }) }, f.name), el('span', { class: waits.length ? 'state-waiting' : 'quiet' }, waits.length ? waits.map(w => w.short).join(', ') : 'nothing known'),
    number(f.documents), number(f.waiting), seconds(f.p50), el('span', { class: f.p99 > f.target ? 'state-waiting' : null }, seconds(f.p99)), seconds(f.target), time(f.verifiedAt)];
}
const is_slow = f => f.p99 > f.target || f.oldest > f.target;
/** What stages count that should be 0; where no section decides about it, a command does. */
function troubles({ name, troubles: t }) {
  const flow = address('flow', { pipeline: name });
  return [
    [t.missing, 'not whole', n => 'Capture has ' + counted(n, 'table') + ' of its source of which changes may be missing downstream; its log says which, ./millrace recover SOURCE brings it back.', flow, 'See the stages'],
    [t.old, 'old values', n => 'Capture has ' + counted(n, 'table') + ' of its source of which old rows hold old values since a migration; its log says which, ./millrace resnapshot SOURCE TABLE reads one again.', flow, 'See the stages'],
    [t.held, 'held', n => 'Gate and denormalizer do not read on in ' + counted(n, 'partition') + ', since what their offsets stand on is not whole.', flow, 'See why'],
    [t.waiting, 'waits', n => 'The indexer does not advance in ' + counted(n, 'partition') + '.', flow, 'See why'],
    [t.gaps, 'gaps', n => counted(n, 'record is', 'records are') + ' missing, twice there or out of order; health of the stages says where.', flow, 'See the stages'],
    [t.refused, 'refused', n => counted(n, 'document was refused and stands', 'documents were refused and stand') + ' in quarantine.', address('quarantine', { pipeline: name }), 'Decide about them'],
  ].filter(([n]) => n > 0).map(([n, short, text, to, does]) => ({ short, text: text(n), to, does }));
}
/** What waits for a person, and where it is decided. */
function needs(f) {
  return [
    ...(f.away.length ? [{ short: f.away.join(', ') + ' not up', text: f.away.join(', ') + (f.away.length === 1 ? ' is' : ' are') + ' not up, and what is known of the pipeline may be old or missing.', to: address('flow', { pipeline: f.name }), does: 'See why' }] : []),
    ...Object.keys(f.parked).filter(t => f.parked[t]).map(t => ({ short: t + ' parked', text: t + ' is parked: its rows wait, and the documents do not see them.', to: address('quarantine', { table: t }), does: 'Decide about it' })),
    ...troubles(f),
    ...(is_slow(f) ? [{ short: 'slow', text: 'It is slow: ' + why_slow(f), to: address('flow', { pipeline: f.name }), does: 'See where the time goes' }] : []),
    ...(f.differences > 0 ? [{ short: 'differs', text: counted(f.differences, 'document') + ' differed from the database when it was last verified.', to: address('purge', { pipeline: f.name }), does: 'See what, have it emitted anew' }] : []),
    ...(f.verifiedAt !== null && Date.now() - f.verifiedAt > VERIFIED_WITHIN_MILLIS ? [{ short: 'long not verified', text: 'It was last verified as a whole more than a week ago.', to: address('purge', { pipeline: f.name }), does: 'Verify it' }] : []),
    ...(f.held > 0 ? [{ short: 'retention', text: counted(f.held, 'document') + ' would leave by time: more than it lets go by itself.', to: address('purge', { pipeline: f.name }), does: 'Decide about it' }] : []),
  ];
}
function whole(f, pipeline) {
  const waits = needs(f);
  put($('needs'), ...(waits.length ? waits.map(w => el('li', { class: 'waiting', 'data-key': w.short }, w.text + ' ', el('a', { href: w.to }, w.does))) : [el('li', { class: 'up', 'data-key': 'nothing' }, 'All stages are up, and nothing of it is known to be parked, missing, refused, slow, different or held.')]));
  const is_table = pipeline.store === 'postgres';
  put($('ways'), ...[['Watch it', address('flow', { pipeline: f.name })], ...(is_table ? [] : [['Find a document', address('document', { pipeline: f.name })]]), ['Verify it', address('purge', { pipeline: f.name })]].map(([text, to]) => el('a', { href: to, 'data-key': text }, text)));
  const facts = { Source: pipeline.source, [is_table ? 'View' : 'Index']: pipeline.index, Documents: is_table ? 'in a table, not counted here' : number(f.documents), 'In quarantine': number(f.troubles.refused), 'Records on their way': number(f.waiting), 'Oldest that waits': f.oldest === 0 ? 'none waits' : seconds(f.oldest), 'From the commit to the index': 'p50 ' + seconds(f.p50) + ', p99 ' + seconds(f.p99) + ' of ' + seconds(f.target) + ' that its file allows',
    'Last verified as a whole': time(f.verifiedAt), 'Left different by its last verification': number(f.differences), Retention: pipeline.retention.length ? pipeline.retention.join('; ') : 'none, documents leave with their rows', 'Held by retention': number(f.held) };
  put($('facts'), ...Object.entries(facts).map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value))));
  const names = new Map();
  places(pipeline.shape, '', names);
  put($('tables'), table('Tables', ['Table', 'State', 'In the document'], pipeline.tables.map(t => [
    el('a', { href: address('schemas', { table: t.label }) }, t.name),
    f.parked[t.label] === undefined ? '–' : f.parked[t.label] ? el('a', { href: address('quarantine', { table: t.label }), class: 'state-waiting' }, 'parked') : 'flows', (names.get(t.name) || ['a link']).join(', ')])));
}
/** Where each table stands in the document. */
function places(branch, above, names) {
  const at = above + branch.name;
  names.set(branch.table, [...(names.get(branch.table) || []), at || 'the document']);
  branch.below.forEach(b => places(b, at ? at + '.' : '', names));
}
function branch(b) {
  return el('li', {}, el('strong', {}, b.name || 'document'), el('span', { class: 'quiet' }, ' ' + (b.kind === 'root' ? 'a row of ' : b.kind + ' of ') + b.table + (b.join ? ' where ' + b.join : '')),
    b.fields.length ? el('div', {}, b.fields.join(', ')) : null, b.below.length ? el('ul', {}, ...b.below.map(branch)) : null);
}

// --- its indexes ------------------------------------------------------------------------------------------------

const built = pipeline => 'api/pipelines/' + encodeURIComponent(pipeline) + '/generations';
const role = g => ({ SERVES: 'serving', TAKES_OVER: 'taking over', ASIDE: g.held ? 'held' : 'being built' })[g.role] ?? 'another pipeline’s';
async function indexes(pipeline) {
  const all = await ask(built(pipeline));
  if (pipeline !== chosen()) return '';
  const serving = all.find(g => g.role === 'SERVES')?.index;
  put($('indexes'), table('Indexes of the pipeline', ['Index', 'Pipeline', 'Is', 'Made', 'Documents', 'Records behind', 'Decide'], all.map(g => [
    g.index, g.pipeline, g.waits ? role(g) + '; it waits: ' + g.waits : role(g), when(g.made), (g.estimated ? 'about ' : '') + number(g.documents), number(g.behind),
    el('span', { class: 'line' }, ...(g.role === 'ASIDE' ? [way(pipeline, g.index, serving)] : []), ...(g.role === 'ASIDE' || g.role === 'OTHER' ? [el('button', { class: 'danger', 'aria-label': 'Retire ' + g.index, onclick: () => retire(pipeline, g.index) }, 'Retire …')] : []))])));
  return counted(all.length, 'index', 'indexes');
}
/** To a newer index, or back to an older one. */
function way(pipeline, index, serving) {
  const back = serving && index < serving;
  return el('button', { 'aria-label': (back ? 'Go back to ' : 'Have it serve: ') + index, onclick: () => serve(pipeline, index) }, back ? 'Go back to it …' : 'Have it serve …');
}
function retire(pipeline, index) {
  confirmed('Delete ' + index + '?', 'The index and its documents are deleted for good, with its marks and its consumer group. Readers do not see it; it is no way back any more.', () => told('generations-state', 'Telling the indexer …', async () => {
    await ask(built(pipeline) + '/' + encodeURIComponent(index), { method: 'DELETE' });
    await indexes(pipeline);
    return index + ' is deleted.';
  }), { name: index, kept: false });
}
/** Who decides sees first how the two compare. */
function serve(pipeline, index) {
  const of = built(pipeline) + '/' + encodeURIComponent(index);
  told('generations-state', 'Comparing ' + index + ' with the index that serves …', async () => {
    const c = await ask(of + '/comparison'), about = c.estimated ? 'about ' : '';
    confirmed(c.losses ? 'Have ' + index + ' serve all the same?' : 'Have ' + index + ' serve?', index + ' has ' + about + number(c.documents) + ' documents, ' + c.served + ' has ' + about + number(c.servedDocuments) + '; of ' + number(c.sampled) + ' that were compared ' + number(c.differing) + ' differ. '
      + (c.losses ? 'Readers would lose this: ' + c.losses + '. ' : '') + 'Readers see it as soon as it has all. The index that serves now is written on.', () => told('generations-state', 'Telling the indexer …', async () => {
      await ask(of + '/service?despite=' + !!c.losses, { method: 'POST' });
      await indexes(pipeline);
      return index + ' serves as soon as it has all.';
    }), { kept: false });
    return '';
  });
}
$('rebuild').addEventListener('click', () => rebuild(false));
$('rebuild-held').addEventListener('click', () => rebuild(true));
/** @param hold whether it serves only when somebody has it serve */
function rebuild(hold) {
  const pipeline = chosen();
  confirmed('Build another index of ' + pipeline + (hold ? ', and hold it?' : '?'), 'All its documents are written into it beside the one that serves, which takes room and time of the search engine. '
    + (hold ? 'It serves only when somebody has it serve here, or by ./millrace cutover.' : 'It serves as soon as it has all, and a comparison finds nothing that readers would lose.'), () => told('generations-state', 'Telling the indexer …', async () => {
    const begun = await ask(built(pipeline) + '?hold=' + hold, { method: 'POST' });
    await indexes(pipeline);
    return begun.index + ' is being built' + (hold ? ', and held.' : '.');
  }), { kept: false });
}
