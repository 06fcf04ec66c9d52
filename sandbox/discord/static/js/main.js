/** Starts the page: who acts, what they see, where they are. */

import { Api, Refused } from './api.js';
import { el, recall, replace } from './dom.js';
import { placeOf } from './links.js';
import { Room } from './room.js';
import { themeToggle } from './theme.js';
import { startTicking } from './times.js';

const RETRY_AFTER = 2000;

/** @returns {Promise<{api: Api, state: any}>} as the person of the address, or the one of last time */
async function enter() {
  const asked = new URLSearchParams(location.search).get('as') ?? recall('person') ?? '';
  const api = new Api(asked);
  const state = await api.state();
  // An unknown or missing name is answered with the stand-in's first person.
  api.person = state.person;
  return { api, state };
}

/** @param {Room} room */
function listenToThePage(room) {
  document.addEventListener('click', (event) => {
    const link = /** @type {Element} */ (event.target).closest('a[data-place]');
    const place = link && placeOf(/** @type {HTMLAnchorElement} */ (link).href);
    if (!place || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    room.attempt(room.go(place));
  });
  window.addEventListener('popstate', () => room.attempt(room.openAddress()));
  document.addEventListener('keydown', (event) => shortcut(event, room));
  const app = /** @type {HTMLElement} */ (document.getElementById('app'));
  document.getElementById('veil')?.addEventListener('click', () => { app.dataset.drawer = ''; });
}

/** `/` begins a command from anywhere; Escape closes a drawer. @param {KeyboardEvent} event @param {Room} room */
function shortcut(event, room) {
  const target = /** @type {HTMLElement} */ (event.target);
  const app = /** @type {HTMLElement} */ (document.getElementById('app'));
  if (event.key === 'Escape' && app.dataset.drawer) app.dataset.drawer = '';
  const isTyping = target.closest('input, textarea, dialog, [role="combobox"]');
  if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  room.composer.startCommand();
}

async function start() {
  const themeButton = themeToggle();
  startTicking();
  try {
    const { api, state } = await enter();
    const room = new Room(api, state, themeButton);
    listenToThePage(room);
    await room.openAddress();
    await room.loadPanels();
    document.documentElement.dataset.ready = 'true';
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const home = /** @type {HTMLElement} */ (document.getElementById('timeline'));
    replace(home, el('div', { class: 'empty', role: 'alert' }, el('h2', {}, 'The stand-in does not answer'), el('p', {}, error.message)));
    window.setTimeout(() => location.reload(), RETRY_AFTER);
  }
}

await start();
