/** Reactions: one press adds or takes back. */

import { el } from './dom.js';
import { emojiView } from './components.js';
import { showBeside } from './popup.js';
import { emojiKey } from './world.js';

/** @typedef {import('./room.js').Room} Room */

const PALETTE = [
  ['👀', 'eyes'], ['✅', 'check'], ['👍', 'thumbs up'], ['🔥', 'fire'], ['🚑', 'ambulance'], ['🎉', 'party'],
  ['❤️', 'heart'], ['😅', 'sweat smile'], ['🤔', 'thinking'], ['🙏', 'thanks'], ['🐛', 'bug'], ['🚀', 'rocket'],
];

/** @param {any} message @param {Room} room @returns {HTMLElement | null} */
export function reactionsView(message, room) {
  if (!message.reactions?.length) return null;
  return el('div', { class: 'reactions', role: 'group', 'aria-label': 'Reactions' }, message.reactions.map((/** @type {any} */ reaction) => chip(reaction, message, room)));
}

/** @param {any} reaction @param {any} message @param {Room} room */
function chip(reaction, message, room) {
  const key = emojiKey(reaction.emoji);
  const node = el(
    'button',
    {
      type: 'button',
      class: 'reaction',
      'aria-pressed': Boolean(reaction.me),
      'aria-label': `${reaction.emoji.name}, ${reaction.count}`,
      data: { key: `reaction-${key}` },
    },
    emojiView(reaction.emoji),
    el('span', { class: 'count' }, reaction.count),
  );
  node.addEventListener('click', () => room.attempt(room.api.react(message, key, !reaction.me)));
  return node;
}

/** @param {HTMLElement} anchor @param {any} message @param {Room} room */
export function openReactionPicker(anchor, message, room) {
  /** @param {string | null} emoji what was chosen */
  const close = (emoji) => {
    if (popup.classList.contains('closed')) return; // to lose the focus while closing is to close again
    popup.classList.add('closed');
    popup.remove();
    anchor.focus();
    if (emoji) room.attempt(room.api.react(message, emoji, true));
  };
  const popup = el('div', { class: 'popup palette', role: 'group', 'aria-label': 'Choose a reaction' },
    PALETTE.map(([emoji, name]) => el('button', {
      type: 'button', class: 'palette-emoji', 'aria-label': name, title: name, on: { click: () => close(emoji) },
    }, emoji)));
  popup.addEventListener('focusout', (/** @type {FocusEvent} */ event) => {
    if (!popup.contains(/** @type {Node | null} */ (event.relatedTarget))) close(null);
  });
  popup.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => movePalette(event, popup, () => close(null)));
  showBeside(popup, anchor);
  popup.querySelector('button').focus();
}

/** @param {KeyboardEvent} event @param {HTMLElement} popup @param {() => void} close */
function movePalette(event, popup, close) {
  const buttons = [...popup.querySelectorAll('button')];
  const at = buttons.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 6, ArrowUp: -6 }[event.key];
  if (event.key === 'Escape') close();
  else if (step) buttons[(at + step + buttons.length) % buttons.length].focus();
  else return;
  event.preventDefault();
}
