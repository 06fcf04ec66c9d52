/** Colours of ```ansi blocks: the escape sequences Discord understands (0, 1, 4, 30-37, 40-47). */

import { el } from './dom.js';

const SEQUENCE = /\u001b\[([\d;]{0,20})m/g;

/**
 * @param {string} text
 * @returns {Node[]}
 */
export function ansi(text) {
  const nodes = /** @type {Node[]} */ ([]);
  let style = new Set();
  let start = 0;
  for (const match of text.matchAll(SEQUENCE)) {
    push(nodes, text.slice(start, match.index), style);
    style = after(style, match[1]);
    start = match.index + match[0].length;
  }
  push(nodes, text.slice(start), style);
  return nodes;
}

/** @param {Node[]} nodes @param {string} text @param {Set<string>} style */
function push(nodes, text, style) {
  if (!text) return;
  nodes.push(style.size ? el('span', { class: [...style].join(' ') }, text) : document.createTextNode(text));
}

/** @param {Set<string>} style @param {string} codes @returns {Set<string>} */
function after(style, codes) {
  const next = new Set(style);
  for (const code of codes.split(';').map(Number)) {
    if (code === 0) next.clear();
    else if (code === 1) next.add('ansi-bold');
    else if (code === 4) next.add('ansi-underline');
    else if (code >= 30 && code <= 37) swap(next, 'ansi-fg-', code - 30);
    else if (code >= 40 && code <= 47) swap(next, 'ansi-bg-', code - 40);
  }
  return next;
}

/** @param {Set<string>} style @param {string} prefix @param {number} colour */
function swap(style, prefix, colour) {
  for (const name of style) if (name.startsWith(prefix)) style.delete(name);
  style.add(prefix + colour);
}
