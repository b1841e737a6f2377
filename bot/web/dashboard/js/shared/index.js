// What several panels use.
export { default as Answer } from "./answer.js";
export { default as Attempt } from "./attempt.js";
export { default as Ceremony } from "./ceremony.js";
export { default as Copy } from "./copy.js";
export * from "./lines.js";
export * from "./shelf.js";
