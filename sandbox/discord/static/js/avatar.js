/** Faces without pictures: initials on a colour that stays the same for one id. */

import { el } from './dom.js';
import { ownFile } from './links.js';

const HUES = [12, 32, 150, 172, 198, 218, 262, 290, 330, 348];

/**
 * @param {{id: string, name: string, bot?: boolean, picture?: string | null}} who
 * @param {string} [size] small, or the usual one
 * @returns {HTMLElement} decorative: the name stands beside it
 */
export function avatar(who, size = '') {
  const own = ownFile(who.picture);
  const hue = HUES[scatter(who.id + who.name) % HUES.length];
  const props = { class: `avatar ${size} ${who.bot ? 'avatar-bot' : ''}`, 'aria-hidden': 'true', vars: { '--hue': hue } };
  return el('span', props, own ? el('img', { src: own, alt: '', loading: 'lazy' }) : initials(who.name));
}

/** @param {string} text @returns {number} FNV-1a, 32 bits: near ids get distant colours */
function scatter(text) {
  return [...text].reduce((sum, char) => Math.imul(sum ^ char.charCodeAt(0), 0x01000193) >>> 0, 0x811c9dc5);
}

/** @param {string} name @returns {string} one or two letters */
export function initials(name) {
  const [own = name] = name.split(' · '); // what a rehearsal adds to a name stays out
  const words = own.split(/[\s_-]+/).filter(Boolean);
  const [first, second] = [words[0] ?? '?', words[1]];
  return ([...first][0] + (second ? [...second][0] : '')).toUpperCase();
}
