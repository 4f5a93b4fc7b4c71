// The demo's manage page: one question, answered by Postgres and by the index, by one user or by several at once.
import { $, again, ask, counted, el, number, put, say, table, told } from './page.js';
import { link, section, shown } from './sections.js';

const AGAIN_MILLIS = 1000;
/** Two times that are less apart than that are the same to whoever waits. */
const NOTICED_MILLIS = 20;
/** So many times as fast is as fast, on a machine that does other things too. */
const EVEN = 1.2;
/** What takes both of them longer is work for both. */
const MUCH_MILLIS = 100;
/** Of so few that match, Postgres reads little more than them. */
const FEW = 500;
/** An index that takes longer is hardly warm. */
const COLD_MILLIS = 300;
const BLANK = { text: '', organisation: '', status: '', type: '', team: '', tag: '', sort: 'modified', page: '1', users: '8' };
/** One that has most of the monitors, as everybody on such a page sees one organisation's alone. */
const LARGE = { organisation: '1' };
const FIRST = { ...LARGE, text: 'runbook' };
const PREPARED = [
  ['A common word', FIRST],
  ['Two rare words', { ...LARGE, text: 'latency checkout' }],
  ['A status', { ...LARGE, status: 'alert' }],
  ['The large organisation', LARGE],
  ['A large team by name', { ...LARGE, team: 'Search', sort: 'name' }],
  ['Page 300 by name', { ...LARGE, sort: 'name', page: '300' }],
  ['One user, few rows', { organisation: '2', status: 'alert', type: 'log', users: '1' }],
];
/** The counts beside the rows: title, the answer's part, what of the question it asks. */
const FACETS = [['Status', 'statuses', 'status'], ['Type', 'types', 'type'], ['Team', 'teams', 'team'], ['Tag', 'tags', 'tag']];
/** The monitors that have no team, which cannot be asked for. */
const NONE = 'none';
/** What the answer is about that is shown, or waited for; null before anything was asked. */
let asked = null;

section('manage', {
  opened() { if (!asked) chosen(FIRST); },
  place: () => Object.fromEntries(Object.entries(asked ?? {}).filter(([name, value]) => value !== BLANK[name])),
  go: chosen,
  known(pipelines) {
    $('tab-manage').hidden = !pipelines.some(p => p.manage);
    $('prepared').replaceChildren(...PREPARED.map(([name, question]) => el('button', { type: 'button', onclick: () => chosen(question) }, name)));
  },
  forget() {
    asked = null;
    ['side-postgres', 'side-index', 'verdict'].forEach(id => $(id).replaceChildren());
  },
});
$('ask').addEventListener('submit', e => { e.preventDefault(); manage(); });
$('m-users').addEventListener('change', () => manage());
again(AGAIN_MILLIS, () => $('m-again').checked && shown('manage'), () => manage($('manage-state').textContent));
/** Puts a question into the form and asks it; what it does not name is asked for all. */
function chosen(question) {
  Object.entries(BLANK).forEach(([name, blank]) => {
    $('m-' + name).value = question[name] ?? blank;
    // There is no such choice.
    if (!$('m-' + name).value) $('m-' + name).value = blank;
  });
  return manage();
}
/** One user is answered at once, so their answer is shown while several ask. */
function manage(doing = 'Asking both …') {
  const question = asked = Object.fromEntries(Object.keys(BLANK).map(name => [name, $('m-' + name).value]));
  link();
  return told('manage-state', doing, async () => {
    const alone = await answered(question, '1');
    // Another question may have been asked meanwhile.
    if (question !== asked) return $('manage-state').textContent;
    const same = show(question, alone);
    if (question.users === '1' || !is_whole(alone)) return same;
    say('manage-state', doing === 'Asking both …' ? same + ' ' + question.users + ' users ask each of both for two seconds …' : doing);
    const many = await answered(question, question.users);
    return question === asked ? show(question, many) : $('manage-state').textContent;
  });
}
const answered = (question, users) => ask('api/manage?' + new URLSearchParams({ ...question, page: Math.max(0, question.page - 1), users }));
const is_whole = both => !both.postgres.error && !both.index.error;
/** @return whether both have the same rows and counts */
function show(question, both) {
  const slowest = Math.max(...[both.postgres, both.index].map(wait));
  side('side-postgres', 'Postgres', both.postgres, slowest);
  side('side-index', 'The index', both.index, slowest);
  put($('verdict'), ...(is_whole(both) ? verdict(question, both.postgres, both.index) : []));
  if (!is_whole(both)) return 'One of them did not answer.';
  const ids = of => JSON.stringify(of.answer.rows.map(r => r.id));
  const counts = of => JSON.stringify([of.answer.total, ...FACETS.map(([, part]) => of.answer[part])]);
  const rows = ids(both.postgres) === ids(both.index);
  if (rows && counts(both.postgres) === counts(both.index)) return 'The same rows.';
  return (rows ? 'The same rows, not the same counts: ' : 'Not the same rows: ') + (question.text ? 'words are matched in their middle by Postgres and from their beginnings by the index; or ' : '') + 'a change is on its way.';
}
/** Milliseconds that one waits who asks alone, or that half of several wait; more than any where that was not to be waited for. */
const wait = side => side.crowd ? side.crowd.p50 ?? Infinity : side.millis ?? Infinity;
/** A wait that nobody measured had no end. */
const millis = value => value === null || value === Infinity ? 'in vain' : number(value) + ' ms';
const longer = value => value === null ? 'in vain' : number(value) + ' ms or more';
/** Who was faster, by how much, and what of the question explains it. */
function verdict(question, postgres, index) {
  const [of_postgres, of_index] = [postgres, index].map(wait), crowd = postgres.crowd;
  const whom = crowd ? ' for ' + crowd.users + ' users at once' : ' for one user';
  const times = crowd ? 'Half of them wait ' + millis(of_postgres) + ' for Postgres and ' + millis(of_index) + ' for the index, one in ten ' + longer(crowd.p90) + ' and ' + longer(index.crowd.p90) + '. In '
    + number(crowd.seconds, 1) + ' s Postgres gives ' + counted(crowd.answers, 'answer') + ', the index ' + number(index.crowd.answers) + '. ' : 'Postgres takes ' + millis(of_postgres) + ', the index ' + millis(of_index) + '. ';
  const [first, why] = judged(question, of_postgres, of_index, crowd, postgres.answer.total);
  return [el('strong', {}, first + whom + '.'), el('span', {}, ' ' + times + why)];
}
/**
 * The answers of one user and of several are judged alike.
 *
 * @param postgres and index milliseconds that one waits
 * @param crowd null for one user
 * @param total how many match
 * @return who was faster, and why
 */
export function judged(question, postgres, index, crowd, total) {
  if (postgres === Infinity && index === Infinity) return ['Neither answers', 'The reason is below.'];
  const times = Math.max(postgres, index) / Math.max(1, Math.min(postgres, index));
  if (Math.abs(postgres - index) < NOTICED_MILLIS || times < EVEN) {
    return ['No difference that anyone sees', Math.min(postgres, index) > MUCH_MILLIS ? 'It is as much work for both' + (question.page > 1 ? ', since each of them passes over all that stand before the page.' : '.')
      : 'What is asked for is little work for both.' + (crowd ? '' : ' Ask as several users.')];
  }
  const fast = times === Infinity ? ' alone answers' : ' is ' + number(times, times < 10 ? 1 : 0) + ' times as fast';
  if (postgres < index) {
    return ['Postgres' + fast, (total < FEW ? 'Few match, and Postgres reads little more than them.' : 'Tables of this size fit into memory, and that is what it answers well' + (crowd ? '.' : ' to one user alone.'))
      + (index > COLD_MILLIS ? ' An index that has just been started compiles its code first: ask again.' : '') + ' ./millrace bench search asks the same of more rows.'];
  }
  const why = question.text ? 'Postgres looks for each word in all names and messages that the filters leave, once for the rows and once for each count; the index looks the words up.'
    : question.page > 1 ? 'Postgres sorts all that match to pass over those before the page, and counts by a statement for each facet; the index does all in one request.'
      : 'Postgres joins and counts what matches once for each facet; the index has the documents joined, and counts while it searches.';
  return ['The index' + fast, why + (crowd ? ' Each of the users has Postgres do all of it anew, on the same cores.' : '')];
}
function side(id, name, of, slowest) {
  if (of.error) { put($(id), el('h3', {}, name), el('p', { class: 'error' }, of.error)); return; }
  const { answer, crowd } = of;
  const took = el('div', { class: 'took', 'aria-hidden': 'true' });
  took.style.width = Math.min(100, 100 * wait(of) / Math.max(1, slowest)) + '%';
  put($(id), el('h3', {}, name), el('div', { class: 'millis' }, wait(of) === Infinity ? 'no answer' : millis(wait(of))), took,
    el('p', { class: 'quiet' }, crowd ? 'half of ' + crowd.users + ' users wait no longer, one in ten ' + longer(crowd.p90) + '; ' + counted(crowd.answers, 'answer') + ' in ' + number(crowd.seconds, 1) + ' s; one user alone waits ' + millis(of.millis) + (crowd.failure ? '. Not all were answered: ' + crowd.failure : '') : 'one user waits so long'),
    el('p', {}, counted(answer.total, 'monitor')), ...FACETS.map(([title, part, what]) => facet(title, answer[part], what)),
    table(name + ', rows', ['Id', 'Name', 'Status', 'Type', 'Team'], answer.rows.map(r => [r.id, r.name, r.status, r.type, r.team ?? ''])));
}
/** Each value with its count; one that is chosen is asked for, one that was is no more. */
function facet(title, counts, what) {
  const value = ([name, many]) => name === NONE ? el('span', {}, name + ': ' + number(many))
    : el('button', { type: 'button', class: 'facet', 'data-facet': what, 'data-value': name, 'aria-pressed': String(asked[what] === name),
      onclick: () => chosen({ ...asked, page: '1', [what]: asked[what] === name ? '' : name }) }, name + ': ' + number(many));
  return el('p', { class: 'line facets', role: 'group', 'aria-label': title }, el('span', { class: 'quiet' }, title), ...Object.entries(counts).map(value));
}
