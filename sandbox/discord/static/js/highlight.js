/** A little colour in code blocks: enough to read a trace or a diff, no grammar of any language. */

import { el } from './dom.js';
import { ansi } from './ansi.js';

const TOKENS =
  /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|(#[^\n]*|\/\/[^\n]*)|\b(\d[\w.]*)\b|\b(and|as|async|await|break|case|catch|class|const|def|elif|else|except|export|false|False|finally|for|from|func|function|if|import|in|is|lambda|let|new|nil|None|not|null|or|raise|return|self|this|throw|true|True|try|var|while|with|yield)\b/g;
const KINDS = ['string', 'comment', 'number', 'keyword'];
const COLOURED = new Set(['py', 'python', 'js', 'javascript', 'ts', 'typescript', 'java', 'go', 'rust', 'json', 'yaml', 'toml', 'sh', 'bash', 'sql', 'ruby', 'rb', 'cs', 'php']);

/**
 * @param {string} text
 * @param {string} language as written after the fence
 * @returns {Node[]}
 */
export function highlight(text, language) {
  if (language === 'ansi') return ansi(text);
  if (language === 'diff') return diff(text);
  return COLOURED.has(language) ? tokens(text) : [document.createTextNode(text)];
}

/** @param {string} text @returns {Node[]} */
function diff(text) {
  return text.split(/(?<=\n)/).map((line) => {
    const kind = { '+': 'code-added', '-': 'code-removed', '@': 'code-comment' }[line[0]];
    return kind ? el('span', { class: kind }, line) : document.createTextNode(line);
  });
}

/** @param {string} text @returns {Node[]} */
function tokens(text) {
  const nodes = [];
  let start = 0;
  for (const match of text.matchAll(TOKENS)) {
    if (match.index > start) nodes.push(document.createTextNode(text.slice(start, match.index)));
    const kind = KINDS[match.slice(1).findIndex((group) => group !== undefined)];
    nodes.push(el('span', { class: `code-${kind}` }, match[0]));
    start = match.index + match[0].length;
  }
  nodes.push(document.createTextNode(text.slice(start)));
  return nodes;
}
