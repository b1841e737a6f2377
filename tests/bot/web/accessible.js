// What nobody could call by a name, and text that cannot be told from its ground: both should be empty.
() => {
  const unnamed = [...document.querySelectorAll("button, input, select, textarea, summary, a, [role=meter], [role=log]")].filter((e) => {
    const labels = [...(e.labels || [])].map((label) => label.textContent).join("");
    return e.checkVisibility() && !(e.getAttribute("aria-label") || labels || e.textContent).trim();
  });

  // WCAG 2.1, 1.4.3: the contrast of text with what it stands on, from the relative luminance of both.
  const channels = (colour) => colour.match(/[\d.]+/g).map(Number);
  const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const luminance = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const found = channels(getComputedStyle(e).backgroundColor);
      if (found.length === 3 || found[3] === 1) return found;
    }
    return [255, 255, 255];
  };
  const faint = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode.textContent.trim();
    const e = walk.currentNode.parentElement;
    if (!text || !e.checkVisibility() || e.closest("script, style, :disabled, option, svg, [aria-hidden=true]")) continue;
    const shades = [luminance(channels(getComputedStyle(e).color)), luminance(ground(e))].sort((x, y) => y - x);
    const contrast = (shades[0] + 0.05) / (shades[1] + 0.05);
    if (contrast < 4.5) faint.push(`${e.className} ${text}: ${contrast.toFixed(2)}`);
  }
  return { unnamed: unnamed.map((e) => e.outerHTML), faint };
}
