/** Slash commands as entries of a list: subcommands become entries of their own. */

const SUBCOMMAND = 1;
const GROUP = 2;

/**
 * @typedef {{name: string, description: string, options: any[], application: string}} Entry
 *   `name` without the slash, e.g. "alert show"
 */

/** @param {any[]} commands Discord's objects @param {any[]} applications @returns {Entry[]} by name */
export function entriesOf(commands, applications) {
  const names = new Map(applications.map((application) => [application.id, application.name]));
  return commands
    .filter((command) => (command.type ?? 1) === 1)
    .flatMap((command) => unfold(command.name, command, names.get(command.application_id) ?? 'Application'))
    .sort((a, b) => a.name.localeCompare(b.name));
}

/** @param {string} path @param {any} command @param {string} application @returns {Entry[]} */
function unfold(path, command, application) {
  const nested = (command.options ?? []).filter((/** @type {any} */ option) => option.type === SUBCOMMAND || option.type === GROUP);
  if (nested.length) return nested.flatMap((/** @type {any} */ option) => unfold(`${path} ${option.name}`, option, application));
  return [{ name: path, description: command.description, options: command.options ?? [], application }];
}

/**
 * Entries that fit what was typed: those that begin with it first, then those that contain it.
 * @param {Entry[]} entries @param {string} typed without the slash
 */
export function fitting(entries, typed) {
  const wanted = typed.toLowerCase();
  const begins = entries.filter((entry) => entry.name.startsWith(wanted));
  const contains = entries.filter((entry) => !entry.name.startsWith(wanted) && entry.name.includes(wanted));
  return [...begins, ...contains];
}
