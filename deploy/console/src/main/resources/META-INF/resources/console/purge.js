// What must disappear: erasures and what retention holds; and whether an index agrees with its database.
import { $, again, ask, choose, confirmed, counted, difference, el, keyed, number, options, put, sent, table, told, when } from './page.js';
import { link, section, shown } from './sections.js';

const LOOK_MILLIS = 1000;

section('purge', {
  opened() {
    erasures();
    held();
    verifications();
  },
  place: () => ({ ...($('verify-pipeline').value ? { pipeline: $('verify-pipeline').value } : {}), ...($('erasure-state').value ? { state: $('erasure-state').value } : {}) }),
  go(at) {
    if (at.pipeline) choose('verify-pipeline', at.pipeline);
    if (!choose('erasure-state', at.state || '')) choose('erasure-state', '');
  },
  known(pipelines) {
    options('verify-pipeline', pipelines.map(p => p.name));
    options('subject', [...new Set(pipelines.flatMap(p => p.subjects))]);
    $('forget').hidden = !$('subject').options.length;
    $('no-subjects').hidden = !$('forget').hidden;
  },
  forget: () => ['erasures', 'held', 'verifications', 'found'].forEach(empty),
});
const empty = id => $(id).replaceChildren();

// --- erasures ---------------------------------------------------------------------------------------------------

function erasures() {
  return told('erasures-state', 'Asking the purge service …', async () => {
    const all = await ask('api/erasures?state=' + encodeURIComponent($('erasure-state').value));
    put($('erasures'), ...(all.length ? [table('Erasures', ['Requested', 'Of', 'State', 'By, and why', 'How far', 'Decide'], all.map(erasure), all.map(e => e.id))] : []));
    return counted(all.length, 'erasure');
  }, () => empty('erasures'));
}
$('erasure-state').addEventListener('change', () => { link(); erasures(); });
function erasure(e) {
  const far = e.subject ? [e.waitsFor && 'waits for ' + e.waitsFor, e.hiddenAt && 'hidden since ' + when(e.hiddenAt), e.proof, e.recordsUntil && 'older records until ' + when(e.recordsUntil), e.endedBy && 'ended by ' + e.endedBy]
    : [e.seenAt && 'seen ' + when(e.seenAt), e.version && 'version ' + e.version];
  const whom = e.subject ? e.subject + ' ' + e.keyHash.slice(0, 12) + '…' : e.pipeline + ' ' + e.document;
  return [when(e.requestedAt), whom, e.state, e.requestedBy + ': ' + e.reason, far.filter(f => f).join('; '),
    e.subject && e.state !== 'ended' ? el('button', { 'data-erasure': e.id, 'aria-label': 'Withdraw the erasure of ' + whom, onclick: () => withdraw(e, whom) }, 'Withdraw …') : ''];
}
/**
 * Tells the purge service with the reason that was given, and shows the list as it is then.
 *
 * @param isNew whether it is a request of its own, which may be sent twice and is done once
 */
export function decided(line, path, reason, more = {}, isNew = false) {
  return told(line, 'Telling the purge service …', async () => {
    const answer = await ask(path, sent({ ...more, reason }, isNew ? keyed() : {}));
    await Promise.all([erasures(), held()]);
    return (answer.subject ? 'The erasure of a ' + answer.subject : answer.document ? 'The erasure of ' + answer.document : 'The run of ' + answer.pipeline) + ' is ' + answer.state + '.';
  });
}
function withdraw(e, whom) {
  confirmed('End the erasure of ' + whom + '?', 'What the source has of them comes back into the documents.', reason =>
    decided('erasures-state', 'api/erasures/' + encodeURIComponent(e.id) + '/withdrawal', reason));
}
$('forget').addEventListener('submit', e => {
  e.preventDefault();
  const subject = $('subject').value, key = $('subject-key').value;
  confirmed('Erase the ' + subject + ' ' + key + '?', 'Every row that carries them leaves all documents and topics of the source, or is redacted, as the pipeline files say. The source keeps its rows.', reason => {
    $('subject-key').value = '';
    decided('erasures-state', 'api/erasures', reason, { subject, key }, true);
  }, { danger: true });
});

// --- retention --------------------------------------------------------------------------------------------------

function held() {
  return told('retention-state', 'Asking the purge service …', async () => {
    const runs = await ask('api/retention-runs');
    $('held').replaceChildren(...runs.map(r => el('div', { class: 'parked', 'data-run': r.id }, el('h4', {}, r.pipeline), el('p', {}, number(r.impact.leaving) + ' of ' + counted(r.impact.shown, 'document') + ' would leave as of ' + when(r.asOf) + ': ' + r.rules.join('; ')),
      el('p', { class: 'line' }, el('button', { class: 'danger', onclick: () => let_leave(r) }, 'Let them leave …')))));
    return runs.length ? '' : 'Nothing waits.';
  }, () => empty('held'));
}
function let_leave(run) {
  confirmed('Let ' + counted(run.impact.leaving, 'document') + ' of ' + run.pipeline + ' leave?', 'They leave the index; the source keeps its rows.', reason =>
    decided('retention-state', 'api/retention-runs/' + encodeURIComponent(run.id) + '/confirmation', reason), { lost: run.impact.leaving, what: 'documents that leave' });
}

// --- verifications ----------------------------------------------------------------------------------------------

/** Whether one runs, as far as is known. */
let runs = false;
again(LOOK_MILLIS, () => runs && shown('purge'), () => verifications($('verify-state').textContent));
function verifications(doing = 'Asking the purge service …') {
  return told('verify-state', doing, async () => {
    const all = await ask('api/verifications');
    put($('verifications'), ...(all.length ? [table('Verifications', ['Begun', 'Pipeline', 'State', 'Compared', 'Differ', 'Repaired', 'By', 'Look'], all.map(verification), all.map(v => v.id))] : []));
    const running = all.find(v => v.state === 'running');
    runs = !!running;
    if (!running) return all.length ? '' : 'None yet.';
    return running.pipeline + ' is being verified.';
  }, () => {
    runs = false;
    ['verifications', 'found'].forEach(empty);
  });
}
function verification(v) {
  const path = 'api/verifications/' + encodeURIComponent(v.id);
  const stop = () => told('verify-state', 'Telling the purge service …', async () => {
    await ask(path + '/stop', { method: 'POST' });
    await verifications();
    return 'The verification of ' + v.pipeline + ' was stopped.';
  });
  const look = v.state === 'running' ? el('button', { 'data-verification': v.id, 'aria-label': 'Stop the verification of ' + v.pipeline, onclick: stop }, 'Stop')
    : v.differences || v.repaired ? el('button', { 'data-verification': v.id, 'aria-label': 'Show what differed in ' + v.pipeline, onclick: () => found(v, path) }, 'Show') : '';
  const notes = (v.notes || []).map(n => '. ' + n).join('');
  return [when(v.requestedAt), v.pipeline, (v.state === 'running' ? v.phase : v.state) + notes, number(v.documents), number(v.differences), number(v.repaired), v.requestedBy, look];
}
function found(v, path) {
  return told('verify-state', 'Asking the purge service …', async () => {
    const all = await ask(path + '/differences');
    $('found').replaceChildren(...all.map(f => el('li', {}, el('strong', {}, f.id), ' ' + f.kind + (f.repair ? ', repair: ' + f.repair : ''), el('ul', {}, ...(f.first || []).map(difference)))));
    return all.length ? 'The first of ' + v.pipeline + ' that differed' : 'Only the last verification of a pipeline tells which documents differed.';
  });
}
$('verify-pipeline').addEventListener('change', link);
$('verify').addEventListener('submit', e => {
  e.preventDefault();
  told('verify-state', 'Telling the purge service …', async () => {
    $('found').replaceChildren();
    await ask('api/verifications/' + encodeURIComponent($('verify-pipeline').value), sent({ repair: $('verify-repair').checked }));
    await verifications();
    return $('verify-state').textContent;
  });
});
