// The sections: which one is shown, its tab, and the address that leads there.
import { $, ask, say } from './page.js';

const tabs = [...document.querySelectorAll('[role="tab"]')];
const sections = {};
let placed = null;
/** Whether an address is being followed: it is the one that counts then. */
let following = false;

/**
 * @param name of its tab and its panel
 * @param opened called when it is shown, and when the token has changed
 * @param place what of it the address names
 * @param go shows what an address names; its promise ends when it is shown
 * @param lacks why it has not what an address names; empty where it has
 * @param known called with the pipelines once they are known
 * @param forget takes away what was shown to whoever gave another token
 */
export function section(name, { opened = () => {}, place = () => ({}), go = () => {}, lacks = () => '', known = () => {}, forget = () => {} }) {
  sections[name] = { opened, place, go, lacks, known, forget };
}
export const shown = name => !$(name).hidden;
const current = () => tabs.find(t => t.getAttribute('aria-selected') === 'true').getAttribute('aria-controls');
/** What a section shows by the caller's token is asked for when it is opened, and when the token changes. */
export function another_token() {
  Object.values(sections).forEach(s => s.forget());
  sections[current()].opened();
}
/** Names of the pipelines; null while the console has not said. */
let names = null;
/** Tells the sections which pipelines there are; fails while the console does not say, and is to be called again then. */
export async function begin() {
  if (names) return;
  const pipelines = await ask('api/pipelines');
  names = pipelines.map(p => p.name);
  Object.values(sections).forEach(s => s.known(pipelines));
  if (location.hash) follow_link(); else link();
}

export function show(tab, focus) {
  say('lacks', '');
  select(tab);
  tab.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  if (focus) tab.focus();
  link();
  sections[current()].opened();
}
function select(tab) {
  for (const other of tabs) {
    const chosen = other === tab;
    other.setAttribute('aria-selected', chosen);
    other.tabIndex = chosen ? 0 : -1;
    $(other.getAttribute('aria-controls')).hidden = !chosen;
  }
}
tabs.forEach(tab => {
  tab.addEventListener('click', () => show(tab));
  tab.addEventListener('keydown', e => {
    const there = tabs.filter(t => !t.hidden), at = there.indexOf(tab);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: there.length - 1 }[e.key];
    if (to !== undefined) { e.preventDefault(); show(there[(to + there.length) % there.length], true); }
  });
});

export const address = (name, place = {}) => '#' + new URLSearchParams({ section: name, ...place });
/** The address names what is shown, so that it can be sent to somebody and the browser's way back leads there. */
export function link() {
  if (following) return;
  placed = address(current(), sections[current()].place());
  // The first one takes the place of none, so that the way back leads out of the page.
  if (!location.hash) window.history.replaceState(null, '', placed);
  else if (location.hash !== placed) location.hash = placed;
}
/** Where what the address named is not to be had: it is put right, and the way back does not lead to it. */
export function put_right(name) {
  if (current() !== name) return;
  placed = address(name, sections[name].place());
  window.history.replaceState(null, '', placed);
}
function follow_link() {
  // Before it is known what there is, nothing can be followed; then it is.
  if (location.hash === placed || !names) return;
  const at = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  const tab = $('tab-' + at.section);
  if (!tab || tab.hidden) return;
  placed = location.hash;
  const lacks = at.pipeline && !names.includes(at.pipeline) ? 'There is no pipeline ' + at.pipeline + '; it may have another name now.' : sections[at.section].lacks(at);
  if (lacks) {
    // What is there of another one would be taken for what was asked for.
    select(tab);
    $(at.section).hidden = true;
    say('lacks', lacks, true);
    return;
  }
  following = true;
  const gone = sections[at.section].go(at);
  show(tab);
  Promise.resolve(gone).finally(() => { following = false; });
}
addEventListener('hashchange', () => {
  if (location.hash === placed) return;
  follow_link();
  // The link that was followed is gone with its section.
  const heading = $(current()).hidden ? $('lacks') : $(current()).querySelector('h2');
  heading.tabIndex = -1;
  heading.focus();
});
