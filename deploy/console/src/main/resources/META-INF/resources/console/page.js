// What all sections of the page use. Whatever comes from data is put in as text, never as markup.

export const $ = id => document.getElementById(id);

/** An element with attributes and children; strings become text nodes. */
export function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === 'onclick') node.addEventListener('click', value);
    else if (value !== null && value !== undefined) node.setAttribute(key, value);
  }
  node.append(...children.filter(c => c !== null && c !== undefined));
  return node;
}
/** Gives a node these children. What is there and alike stays, so that what comes each second takes nobody's focus, selection or motion. A button says in its attributes all that it acts on. */
export function put(parent, ...children) {
  const focused = document.activeElement;
  const byKey = new Map([...parent.children].map(child => [child.dataset.key, child]));
  children.forEach((child, i) => {
    const there = parent.childNodes[i] ?? null, key = child.dataset?.key;
    // What has a key is about the same thing wherever it stood; what has none is what stands at its place.
    const mine = key ? byKey.get(key) : there?.dataset?.key ? undefined : there;
    byKey.delete(key);
    if (!mine) { parent.insertBefore(child, there); return; }
    if (mine !== there) parent.insertBefore(mine, there);
    if (!mine.isEqualNode(child)) become(mine, child);
  });
  while (parent.childNodes.length > children.length) parent.lastChild.remove();
  // Who is moved loses the focus.
  if (focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
}
function become(there, node) {
  if (there.nodeName !== node.nodeName || there.nodeName === 'BUTTON') return there.replaceWith(node);
  if (there.nodeType === Node.TEXT_NODE) { there.data = node.data; return; }
  for (const name of there.getAttributeNames()) if (!node.hasAttribute(name)) there.removeAttribute(name);
  for (const name of node.getAttributeNames()) if (name !== 'style' && there.getAttribute(name) !== node.getAttribute(name)) there.setAttribute(name, node.getAttribute(name));
  // The page's policy lets a script set a style, and no attribute.
  if (there.style.cssText !== node.style.cssText) there.style.cssText = node.style.cssText;
  put(there, ...node.childNodes);
}
/** A table that scrolls within itself. Rows are arrays of cells, which are texts or nodes; the first cell names the row, and is its key where none are given. A head is a text, or a node whose data tells how its column is sorted. */
export const table = (label, heads, rows, keys = rows.map(([first]) => first.textContent ?? first)) => el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': label },
  el('table', {}, el('thead', {}, el('tr', {}, ...heads.map(h => el('th', { scope: 'col', 'aria-sort': h.dataset?.sort }, h)))),
    el('tbody', {}, ...rows.map(([first, ...rest], i) => el('tr', { 'data-key': keys[i] }, cell('th', first, { scope: 'row' }), ...rest.map(c => cell('td', c)))))));
/** Figures and times stay in one line, sentences do not. */
const LINE = 28;
const cell = (name, content, attributes = {}) => el(name, { ...attributes, class: String(content.textContent ?? content).length > LINE ? 'wrap' : null }, content);
export const options = (id, values) => $(id).replaceChildren(...values.map(v => el('option', { value: v }, v)));
/** @return whether there is such a choice; where there is none, what was chosen stays */
export function choose(id, value) {
  const has = [...$(id).options].some(o => o.value === value);
  if (has) $(id).value = value;
  return has;
}

// --- figures ----------------------------------------------------------------------------------------------------

const unknown = value => value === null || value === undefined;
/** What nobody tells is no 0. */
export const number = (value, digits = 0) => unknown(value) ? '–' : value.toLocaleString('en', { maximumFractionDigits: digits });
/** A number with what it counts, in the words for one or for any other number, none and an unknown one included. */
export const counted = (many, one, more = one + 's') => number(many) + ' ' + (many === 1 ? one : more);
export const seconds = value => unknown(value) ? '–' : value < 1 ? number(value * 1000, value < 0.01 ? 1 : 0) + ' ms' : value < 120 ? number(value, 1) + ' s' : number(value / 60, 1) + ' min';
export const rate = value => unknown(value) ? '–' : number(value, value < 1 ? 2 : value < 10 ? 1 : 0) + '/s';
export function bytes(value) {
  if (unknown(value)) return '–';
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
  return number(value, unit ? 1 : 0) + ' ' + units[unit];
}
/** Where the browser is; Sweden writes dates as ISO does. */
export const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
export const when = time => new Date(time).toLocaleString('sv-SE');
export const clock = (time, how) => new Date(time).toLocaleTimeString('sv-SE', how);

// --- the services -----------------------------------------------------------------------------------------------

/** The token goes in a header that only this page sets; there is no cookie that another site could have sent along. */
function headers() {
  const token = $('token').value.trim();
  return token ? { Authorization: 'Bearer ' + token } : {};
}
/** @param options of fetch; `nobody` leaves the token out */
export async function ask(path, { nobody, ...options } = {}) {
  const answer = await fetch(path, { ...options, headers: { ...(nobody ? {} : headers()), ...options.headers } });
  const text = await answer.text();
  let body;
  try { body = JSON.parse(text); } catch { body = { message: text || 'The answer was empty' }; }
  const why = body.message || body.detail || 'The answer was ' + answer.status;
  if (answer.status === 401) throw failed(answer, (headers().Authorization ? 'The token at the top of the page is not the right one. ' : 'No token is given at the top of the page. ') + why);
  if (!answer.ok) throw failed(answer, why);
  return body;
}
const failed = (answer, why) => Object.assign(new Error(why), { status: answer.status });
export const sent = (body, more = {}) => ({ method: 'POST', headers: { 'Content-Type': 'application/json', ...more }, body: JSON.stringify(body) });
/** A key of its own for each request; randomUUID is there only where the page came encrypted or from this machine. */
export const keyed = () => ({ 'Idempotency-Key': Array.from(crypto.getRandomValues(new Uint8Array(16)), b => b.toString(16).padStart(2, '0')).join('') });

/** A reader of the screen says it again whenever it is set, also to the same. */
export function say(line, text, error = false) {
  if ($(line).textContent !== text) $(line).textContent = text;
  $(line).classList.toggle('error', error);
}
/**
 * Runs something and says in the section's line what goes on, or what went wrong.
 *
 * @param failed called where it went wrong, to take away what may not be true any more, or not for these eyes
 */
export async function told(line, doing, work, failed = () => {}) {
  say(line, doing);
  try {
    say(line, await work() || '');
  } catch (e) {
    failed();
    say(line, e.message, true);
  }
}
export const pause = millis => new Promise(done => setTimeout(done, millis));
/**
 * Does something again and again while somebody looks. A tab that nobody sees asks for nothing.
 *
 * @param millis from the end of one to the begin of the next
 * @param wanted whether it is wanted now
 * @param work tells by itself what went wrong
 */
export async function again(millis, wanted, work) {
  for (;; await pause(millis)) {
    if (!document.hidden && wanted()) await work();
  }
}
/**
 * @param work called with the reason
 * @param lost how many are lost by it; who decides has to type the number
 * @param what they are
 * @param name of what goes, which has to be typed in the place of a number
 * @param danger whether it takes something away, be it not known how much
 * @param kept whether somebody keeps a reason
 */
export function confirmed(title, text, work, { lost, name, what = 'records that are lost', danger = (name ?? lost) !== undefined, kept: isKept = true } = {}) {
  const typed = name ?? lost;
  $('reason-line').hidden = !isKept;
  $('reason').required = isKept;
  $('count-line').hidden = typed === undefined;
  $('count-line').firstElementChild.textContent = name === undefined ? 'Type the number of ' + what : 'Type its name once more';
  $('count').inputMode = name === undefined ? 'numeric' : 'text';
  $('count').required = typed !== undefined;
  $('count').pattern = typed === undefined ? '' : String(typed).replace(/[.]/g, '\\.');
  $('count').value = '';
  $('decide-yes').classList.toggle('danger', danger);
  $('decide-title').textContent = title;
  $('decide-text').textContent = text;
  $('reason').value = '';
  const dialog = $('decide');
  dialog.returnValue = 'no';
  dialog.showModal();
  dialog.onclose = () => { if (dialog.returnValue === 'yes') work($('reason').value); };
}

export const difference = d => el('li', {}, el('code', {}, d.path), ': ' + (d.index ?? 'nothing') + ' in the index, ' + (d.postgres ?? 'nothing') + ' in Postgres');

/** A browser may forbid its store to a page; then nothing is kept. */
export function kept(store, name, value) {
  try {
    if (value === undefined) return store.getItem('millrace.' + name) || '';
    if (value) store.setItem('millrace.' + name, value); else store.removeItem('millrace.' + name);
  } catch { /* not kept */ }
  return '';
}
