// One page over /api. Whatever comes from data is put in as text, never as markup.
const $ = id => document.getElementById(id);
const SVG = 'http://www.w3.org/2000/svg';
const STEPS = [['capture', 'to capture'], ['gate', 'to the gate'], ['join', 'to the document'], ['index', 'to the index']];
/** The whole way of a change; the last step is not a stage's. */
const WAY = [...STEPS, ['search', 'to a search that finds it']];
const history = [];
let live = null;
let following = null;

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
const seconds = value => value === null || value === undefined ? '–' : value < 1 ? number(value * 1000, 1) + ' ms' : number(value, 1) + ' s';
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
  if (!answer.ok) throw new Error(body.message || body.detail || 'The answer was ' + answer.status);
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
function show(tab, focus) {
  for (const other of tabs) {
    const chosen = other === tab;
    other.setAttribute('aria-selected', chosen);
    other.tabIndex = chosen ? 0 : -1;
    $(other.getAttribute('aria-controls')).hidden = !chosen;
  }
  if (focus) tab.focus();
  ask_services();
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
$('scheme').addEventListener('change', () => { document.documentElement.dataset.scheme = $('scheme').value; });
$('login').addEventListener('submit', e => { e.preventDefault(); ask_services(); });
$('token').addEventListener('change', ask_services);

// --- flow -------------------------------------------------------------------------------------------------------

/** Server-sent events by fetch, because an EventSource cannot send a header. */
async function follow() {
  for (;;) {
    following = new AbortController();
    try {
      const answer = await fetch('api/live?pipeline=' + encodeURIComponent($('flow-pipeline').value), { signal: following.signal, headers: { ...headers(), Accept: 'text/event-stream' } });
      if (!answer.ok) throw new Error((await answer.json()).message);
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = '';
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        const events = (rest + part.value).split('\n\n');
        rest = events.pop();
        for (const event of events) {
          const data = event.split('\n').filter(l => l.startsWith('data:')).map(l => l.slice(5)).join('\n');
          if (data) show_live(JSON.parse(data));
        }
      }
    } catch (e) {
      if (following.signal.aborted) continue;
      $('live-state').textContent = 'Not live: ' + e.message + '. Trying again; the figures are the last that came.';
    }
    await new Promise(done => setTimeout(done, 2000));
  }
}
$('flow-pipeline').addEventListener('change', () => {
  history.length = 0;
  following.abort();
});
function show_live(view) {
  live = view;
  $('live-state').textContent = 'Live, ' + new Date(view.at).toLocaleTimeString('en-GB');
  history.push({ hops: view.hops, rates: Object.fromEntries(view.stages.map(s => [s.name, s.rate])) });
  if (history.length > 180) history.shift();
  picture(view);
  stages(view);
  latency();
  throughput();
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
    items.push(node(s.label, s.state, [['p50', seconds(s.p50)], ['instances', s.instances], ...s.extra.filter(e => !e.name.startsWith('WAL')).map(e => [e.name, e.unit === 'B' ? bytes(e.value) : e.unit === 's' ? seconds(e.value) : number(e.value)])], s.reason, name));
  }
  items.push(arrow('bulk', null));
  const counts = Object.entries(view.documents);
  items.push(node('OpenSearch', counts.some(([, n]) => n === null) ? 'waiting' : 'up', counts.map(([index, n]) => [index, number(n)])));
  $('picture').replaceChildren(...items);
}
function node(label, state, figures, reason, name) {
  return el('li', { class: 'node ' + state, 'data-stage': name, 'aria-label': label + ', ' + state },
    el('strong', {}, label), el('span', { class: 'state-' + state }, state),
    ...figures.map(([n, v]) => el('div', { class: 'quiet' }, n + ': ' + v)), reason ? el('div', { class: 'reason' }, reason) : null);
}
function arrow(topic, stage) {
  return el('li', { class: 'arrow' }, el('div', {}, topic), stage ? el('div', { class: 'rate' }, number(stage.rate, 1) + '/s') : null,
    stage && stage.lag !== null ? el('div', {}, 'lag ' + number(stage.lag)) : null, stage ? el('div', {}, seconds(stage.lagSeconds) + ' behind') : null);
}
function stages(view) {
  $('stages').tBodies[0].replaceChildren(...view.stages.map(s => el('tr', { 'data-stage': s.name }, el('th', { scope: 'row' }, s.label), el('td', { class: 'state-' + s.state, title: s.reason }, s.state), el('td', {}, s.instances),
    el('td', { class: 'rate' }, number(s.rate, 1)), el('td', {}, bytes(s.bytes)), el('td', {}, number(s.lag)), el('td', {}, number(s.lagSeconds, 2)), el('td', {}, seconds(s.p50)), el('td', {}, seconds(s.p99)))));
}
const WIDTH = 360, HEIGHT = 100;
const plot = () => svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' });
const legend = (list, texts) => $(list).replaceChildren(...texts.map((text, n) => el('li', {}, svg('svg', { viewBox: '0 0 1 1', 'aria-hidden': 'true' }, svg('rect', { class: 's' + n, width: 1, height: 1 })), ' ' + text)));
function throughput() {
  const most = Math.max(1, ...history.flatMap(h => STEPS.map(([step]) => h.rates[step] || 0)));
  const drawing = plot();
  STEPS.forEach(([step], n) => drawing.append(svg('polyline', { class: 's' + n, points: history.map((h, i) => `${i * 2},${HEIGHT - 2 - (h.rates[step] || 0) / most * (HEIGHT - 4)}`).join(' ') })));
  $('throughput').replaceChildren(drawing);
  const rates = history[history.length - 1].rates;
  $('throughput').setAttribute('aria-label', 'Records a second: ' + STEPS.map(([step]) => step + ' ' + number(rates[step], 1)).join(', ') + '; scale to ' + number(most, 1));
  legend('throughput-legend', STEPS.map(([step]) => step + ' ' + number(rates[step], 1)));
}
function latency() {
  const sums = history.map(({ hops }) => WAY.reduce((sum, [step]) => sum + (hops[step] || 0), 0));
  const most = Math.max(0.05, ...sums);
  const drawing = plot();
  history.forEach(({ hops: h }, i) => {
    let y = HEIGHT;
    WAY.forEach(([step], n) => {
      const tall = (h[step] || 0) / most * HEIGHT;
      y -= tall;
      drawing.append(svg('rect', { class: 's' + n, x: i * 2, y, width: 2, height: tall }));
    });
  });
  $('latency').replaceChildren(drawing);
  const last = history[history.length - 1].hops;
  $('latency').setAttribute('aria-label', 'Commit to found by a search, median: ' + seconds(sums[sums.length - 1]) + '; scale to ' + seconds(most));
  legend('latency-legend', WAY.map(([step, label]) => label + ' ' + seconds(last[step])));
}

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
  const button = (decision, text, extra) => el('button', { 'data-decision': decision, onclick: () => decide(table, decision, extra) }, text);
  return el('div', { class: 'parked', 'data-table': table.table }, el('h3', {}, table.table + ': ' + table.state),
    el('p', {}, number(table.records) + ' records, ' + number(table.refused) + ' refused; oldest ' + (table.oldest || 'none')),
    el('p', {}, (cause.reason || '') + (cause.detail ? ': ' + cause.detail : '')),
    difference.length ? el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Difference of the schemas' }, el('table', {}, el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, 'Field'), el('th', { scope: 'col' }, 'Was'), el('th', { scope: 'col' }, 'Is'))), el('tbody', {}, ...difference))) : null,
    el('p', { class: 'line' }, cause.reason === 'schema-refused' ? button('accept', 'Accept the schema') : null, cause.reason === 'takes-too-much' ? button('accept', 'Agree that the rows leave') : null, cause.reason === 'takes-too-much' ? button('discard', 'Leave the documents as they are', { count: table.refused, which: 'REFUSED' }) : null, button('replay', 'Replay'), cause.reason === 'schema-refused' ? el('button', { 'data-decision': 'reread', onclick: () => reread(table) }, 'Read its rows again') : null, button('hold', 'Hold'), button('discard', 'Discard all', { count: table.records, which: 'ALL' })));
}
const MEANS = {
  accept: t => ((t.cause || {}).reason === 'takes-too-much' ? 'What is queued now may take the rows away.' : 'The new schema is registered, the rule lifted for this once.') + ' The table stays parked until it is replayed.',
  replay: () => 'The queued records go on in order.',
  hold: () => 'The table is parked, or its replay interrupted.',
  discard: (t, { count, which }) => 'This loses ' + number(count) + ' records for good.' + (which === 'REFUSED' ? ' The others go on in order. The documents keep what the source has lost, until the table is read again.' : ''),
};
function confirmed(title, text, work) {
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
  confirmed(decision[0].toUpperCase() + decision.slice(1) + ' ' + table.table + '?', MEANS[decision](table, extra), () => {
    told('quarantine-state', 'Telling the gate …', async () => {
      const answer = await ask('api/quarantine/' + encodeURIComponent(table.table) + '/' + decision,
        { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ reason: $('reason').value, ...extra }) });
      await new Promise(done => setTimeout(done, 300));
      await quarantine();
      return answer.message;
    });
  });
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

told('document-state', '', async () => {
  const pipelines = await ask('api/pipelines');
  $('pipeline').replaceChildren(...pipelines.map(p => el('option', { value: p.name }, p.name)));
  $('verify-pipeline').replaceChildren(...pipelines.map(p => el('option', { value: p.name }, p.name)));
  $('subject').replaceChildren(...[...new Set(pipelines.flatMap(p => p.subjects))].map(name => el('option', { value: name }, name)));
  $('forget').hidden = !$('subject').options.length;
  $('no-subjects').hidden = !$('forget').hidden;
  $('g-pipeline').replaceChildren(...pipelines.map(p => el('option', { value: p.name }, p.name)));
  $('flow-pipeline').append(...pipelines.map(p => el('option', { value: p.name }, p.name)));
  $('tab-manage').hidden = !pipelines.some(p => p.manage);
});
follow();
