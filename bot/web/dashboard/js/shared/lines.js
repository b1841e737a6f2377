// Command lines: every press on the page becomes one, and the chat sends it.
const BUTTON = /^\/?(confirm|reject|approve) /;
const NUMBER = /^[-+$]?[0-9][0-9.,]*%?( [A-Z]{3,5})?$/;

export const slashed = (line) => "/" + line.replace(/^\//, "");
export const closes = (line) => BUTTON.test(line);
export const connected = () => !!window.socket?.connected;
export const isNumber = (text) => NUMBER.test(text) || text === "-";
export const sign = (text) => (/^\+[0-9]/.test(text) ? "tone-good" : /^-[0-9]/.test(text) ? "tone-bad" : "");

export function say(line, typed = false) {
  window.dispatchEvent(new CustomEvent("tiller:line", { detail: { line, typed } }));
}

export function key() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, "0")).join("");
}
