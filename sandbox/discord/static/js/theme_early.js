// A classic script, so that it runs before the first paint: a chosen theme must not flash.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem('theme');
  } catch {
    // private windows may forbid storage; the system's wish decides
  }
  const light = matchMedia('(prefers-color-scheme: light)').matches;
  document.documentElement.dataset.theme = chosen ?? (light ? 'light' : 'dark');
})();
