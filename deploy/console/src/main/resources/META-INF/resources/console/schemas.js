// A table's columns over time, who takes them, and what a migration would do.
import { $, ask, choose, counted, el, number, options, say, sent, table as shown_table, told, when } from './page.js';
import { link, section } from './sections.js';

/** The table that is shown; another one may be chosen already. */
let viewed = null;
let tables = [];

section('schemas', {
  opened: schemas,
  place: () => viewed ? { table: viewed } : {},
  go: at => at.table ? whose(at.table) : nothing(),
  forget() {
    nothing();
    tables = [];
    $('table').replaceChildren();
    $('check').hidden = true;
    say('check-state', '');
  },
});
function nothing() {
  viewed = null;
  $('schema-view').hidden = true;
}
async function whose(table) {
  $('find-table').value = '';
  await schemas();
  if (!$('table').options.length) return;
  if (!choose('table', table)) {
    nothing();
    say('lacks', 'There is no table ' + table + '; it may have another name now.', true);
    return;
  }
  await versions();
}
function schemas() {
  return told('schemas-state', 'Asking the gate …', async () => {
    tables = await ask('api/schemas');
    offered();
    await can_check();
    return counted(tables.length, 'table');
  });
}
/** The tables of which a part of the name was typed. */
function offered() {
  const before = $('table').value, words = $('find-table').value.trim().toLowerCase();
  options('table', tables.filter(t => t.toLowerCase().includes(words)));
  choose('table', before);
}
$('find-table').addEventListener('input', offered);
/** A gate without a scratch database refuses every check, so none is asked for there. */
async function can_check() {
  // What is not known is offered, and the gate then says why not.
  const { configured } = await ask('api/check').catch(() => ({ configured: true }));
  $('check').hidden = !configured;
  say('check-state', configured ? '' : 'This gate has no scratch database to run migrations in: set millrace.gate.check.scratch, or run ./millrace check.');
}
$('schema').addEventListener('submit', e => { e.preventDefault(); versions(); });
function versions() {
  return told('schemas-state', 'Asking the registry …', async () => {
    nothing();
    const view = await ask('api/schemas/' + encodeURIComponent($('table').value));
    const taken = use => el('li', {}, use.pipeline + (use.document ? ': ' + use.document : ''), ' ', el('code', {}, use.at));
    $('columns').replaceChildren(shown_table('Columns', ['Column', 'Type', 'Taken by'], view.columns.map(c => [c.name, c.type, c.uses.length ? el('ul', {}, ...c.uses.map(taken)) : 'nobody'])));
    $('versions').replaceChildren(...view.versions.map(v => el('li', { value: v.version }, when(v.since),
      el('ul', {}, ...v.changes.map(c => el('li', {}, el('code', {}, c.field || 'the record'), ': ' + (c.was ?? 'absent') + ' → ' + (c.is ?? 'absent')))))));
    $('schema-view').hidden = false;
    viewed = view.table;
    link();
    return view.table + ': ' + counted(view.columns.length, 'column') + ', ' + counted(view.versions.length, 'version');
  });
}
$('check').addEventListener('submit', e => {
  e.preventDefault();
  told('check-state', 'Running the migration in the scratch database …', async () => {
    $('findings').replaceChildren();
    const question = { migrations: [{ name: 'migration.sql', text: $('sql').value }], source: $('table').value.split('.')[0] || null };
    if ($('baseline').value.trim()) question.baseline = [{ name: 'baseline.sql', text: $('baseline').value }];
    const report = await ask('api/check', sent(question));
    $('findings').replaceChildren(...report.findings.map(f => el('li', { 'data-rule': f.rule }, el('strong', {}, f.level + ', ' + f.rule), ' in line ' + f.line + ': ' + f.message,
      el('ul', {}, ...f.impacts.map(i => el('li', {}, i.pipeline + (i.document ? ': ' + i.document : '') + ': ' + i.how)), f.safe ? el('li', {}, 'Instead: ' + f.safe) : null))));
    return counted(report.statements, 'statement') + ' in ' + number(report.milliseconds) + ' ms: ' + (report.findings.length ? counted(report.findings.length, 'finding') : 'nothing breaks') + report.notes.map(n => '. ' + n).join('');
  });
});
