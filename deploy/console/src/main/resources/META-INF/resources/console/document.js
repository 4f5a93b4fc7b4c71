// One document: found, beside its twin by SQL, with the way of its last change; erased.
import { $, ask, choose, confirmed, counted, difference, el, number, options, say, seconds, told, when } from './page.js';
import { link, section } from './sections.js';
import { decided } from './purge.js';
import { decisions, of_document, sentence } from './refused.js';

/** A larger document would take the browser seconds to lay out. */
const MOST_SHOWN = 200_000;
const SVG = 'http://www.w3.org/2000/svg';

/** Pipelines whose documents go to no index. */
let of_tables = [];

section('document', {
  place: () => $('pipeline').value ? { pipeline: $('pipeline').value, ...($('document-view').hidden ? {} : { id: $('id').value }) } : {},
  go(at) {
    if (at.pipeline) choose('pipeline', at.pipeline);
    if (at.id) return open_document(at.id);
    $('document-view').hidden = true;
  },
  lacks({ pipeline }) {
    const table = of_tables.find(p => p.name === pipeline);
    return table ? 'The documents of ' + table.name + ' go to a table, which this page does not read: ask the view ' + table.index + ' there by SQL.' : '';
  },
  known(pipelines) {
    of_tables = pipelines.filter(p => p.store === 'postgres');
    options('pipeline', pipelines.filter(p => p.store !== 'postgres').map(p => p.name));
    ['find', 'open'].forEach(form => { $(form).hidden = !$('pipeline').options.length; });
    if ($('find').hidden) say('document-state', 'The documents of no pipeline go to an index.');
  },
  forget() {
    $('hits').replaceChildren();
    ['document-view', 'stands'].forEach(hides => { $(hides).hidden = true; });
    ['stands', 'in-index', 'in-postgres', 'differences', 'waterfall'].forEach(id => $(id).replaceChildren());
  },
});
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
    $('in-index').replaceChildren(...side(view.inIndex, view.document, view.twin, view.comparison));
    $('in-postgres').replaceChildren(...side(view.inPostgres, view.twin, view.document, view.comparison));
    $('difference-title').textContent = compared(view);
    $('differences').replaceChildren(...view.differences.map(difference));
    waterfall(view.trace);
    standing($('pipeline').value, id);
    return ['Document ' + view.id + (view.version === null ? '' : version(view.version, view.trace)), ...view.notes, ...(view.trace ? view.trace.notes : [])].join('. ');
  });
}
/** What an index refused of it, with what can be decided; who may not see that is shown nothing. */
async function standing(pipeline, id) {
  $('stands').hidden = true;
  if (!$('token').value.trim()) return;
  let found;
  try {
    if ((await ask('api/figures')).find(f => f.name === pipeline)?.troubles.refused === 0) return;
    found = await of_document(pipeline, id);
  } catch { return; }
  if (pipeline !== $('pipeline').value || id !== $('id').value) return;
  $('stands').replaceChildren(...found.map(d => el('div', { class: 'parked' }, el('p', {}, sentence(d) + (d.asked ? ' It is being replayed.' : '')), el('p', { class: 'line' }, ...decisions('document-state', pipeline, d, () => open_document(id))))));
  $('stands').hidden = !found.length;
}
/** The beginning of one side's text, with the lines marked that are not in the other's. @param has whether this side has the document; null where it could not be asked */
function side(has, text, other, comparison) {
  if (!has) return [has === null ? 'not known' : 'nothing'];
  const lines = text.split('\n'), differs = comparison === 'differs' && other !== null ? differing(lines, other.split('\n')) : () => false;
  const nodes = [];
  let room = MOST_SHOWN;
  for (let i = 0; i < lines.length && room > 0; i++) {
    const line = (lines[i] + '\n').slice(0, room);
    nodes.push(differs(i) ? el('mark', {}, line) : line);
    room -= line.length;
  }
  if (text.length > MOST_SHOWN) nodes.push('\n… and ' + counted(text.length - MOST_SHOWN, 'character') + ' more; ./millrace document ' + $('pipeline').value + ' ' + $('id').value + ' prints all of it');
  return nodes;
}
/** Both sides have their members in the same order. Where one has more lines, all between the first and the last that differ count as different. */
function differing(lines, others) {
  const more = lines.length - others.length;
  if (!more) return i => lines[i] !== others[i];
  let first = 0, last = lines.length;
  while (first < lines.length && lines[first] === others[first]) first++;
  while (last > first && last - more > first && lines[last - 1] === others[last - more - 1]) last--;
  return i => i >= first && i < last;
}
function compared(view) {
  if (view.comparison === 'unknown') return 'Not compared';
  if (!view.inIndex) return view.inPostgres ? 'Only Postgres has it' : 'Neither has it';
  if (!view.inPostgres) return 'Only the index has it';
  const many = view.differences.length;
  return many ? 'The index and Postgres differ in ' + counted(many, 'place') : 'The index and Postgres agree';
}

/** What a version is, a place in the log of the source; when its change was committed and when the index had it, as far as the trace tells. */
function version(of, trace) {
  const hex = n => Math.floor(n).toString(16).toUpperCase(), at = stage => trace?.hops.findLast(h => h.stage === stage)?.atMicros;
  const committed = at('postgres'), indexed = at('index');
  return ', version ' + of + ' (log position ' + hex(of / 2 ** 32) + '/' + hex(of % 2 ** 32) + ')' + (committed ? ', committed ' + when(committed / 1000) : '') + (indexed ? ', in the index since ' + when(indexed / 1000) : '');
}
/** The first step has no beginning that is known. */
function waterfall(trace) {
  const hops = trace ? trace.hops : [];
  if (!hops.length) { $('waterfall').replaceChildren(el('li', {}, 'not known')); return; }
  const begin = hops[0].atMicros;
  const whole = Math.max(1, ...hops.map(h => h.atMicros - begin));
  $('waterfall').replaceChildren(...hops.map((h, n) => {
    const to = (h.atMicros - begin) / whole * 100, from = (h.atMicros - begin - h.tookMicros) / whole * 100;
    return el('li', {}, el('span', {}, h.stage + ': ' + h.done), el('span', {}, n ? seconds(h.tookMicros / 1e6) : '–'), bar(Math.max(0, Math.min(from, 99.5)), Math.max(0.5, to - from)));
  }));
}
/** @param x and width in percent */
function bar(x, width) {
  const part = (name, attributes) => {
    const node = document.createElementNS(SVG, name);
    Object.entries(attributes).forEach(([key, value]) => node.setAttribute(key, value));
    return node;
  };
  const whole = part('svg', { viewBox: '0 0 100 4', preserveAspectRatio: 'none', 'aria-hidden': 'true' });
  whole.append(part('rect', { class: 'bar', x, y: 0, width, height: 4 }));
  return whole;
}
$('erase-document').addEventListener('click', () => {
  const pipeline = $('pipeline').value, id = $('id').value;
  if (!$('open').reportValidity()) return;
  confirmed('Erase ' + id + ' of ' + pipeline + '?', 'The document leaves the index and stays away, until a row of it is inserted anew. The source keeps its rows.', reason =>
    decided('document-state', 'api/erasures/documents/' + encodeURIComponent(pipeline) + '/' + encodeURIComponent(id), reason, {}, true), { lost: 1, what: 'documents that leave' });
});
