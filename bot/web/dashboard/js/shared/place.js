// Where in a message the reader of alerts stumbled. It names the place: a line, a column of it, a field, or a part.
const PLACE = /^Unreadable: (?:line (\d+)(?:, column (\d+))?(?:, (\w+))?|part (\d+)|(\S+)): /m;
const UNFILLED = /: (\{\{.*?) was not filled in/;
const AROUND = 60; // characters shown on either side

// The one spot where a word stands by itself; none where it stands twice, or not at all.
function spot(text, word) {
  const written = word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const found = [...text.matchAll(new RegExp(`(?<![\\w.])${written}(?![\\w.])`, "gi"))];
  return found.length === 1 ? [found[0].index, found[0].index + word.length] : null;
}

function range(text, told) {
  const [, line, column, word, part, field] = told.match(PLACE) ?? [];
  if (field) {
    const found = spot(text, field.split(".").at(-1).replace(/\[\d+\]$/, "")), written = told.match(UNFILLED);
    return found ?? (written && spot(text, written[1]));
  }
  const rows = text.split(part ? "," : "\n"), at = Number(line ?? part) - 1;
  if (rows[at] === undefined) return null;
  const start = rows.slice(0, at).reduce((sum, row) => sum + row.length + 1, 0);
  if (column) return [start + Number(column) - 1, start + Number(column)];
  const within = word && spot(rows[at], word);
  return within ? within.map((i) => start + i) : [start, start + rows[at].length];
}

// Its line with what stands before and after it; null where the text tells of no place.
export function placeOf(body, told) {
  const text = body.trim(); // as the reader counts
  const found = range(text, told);
  if (!found) return null;
  const [from, to] = found;
  const begin = text.lastIndexOf("\n", from - 1) + 1, end = (text + "\n").indexOf("\n", from);
  return {
    line: text.slice(0, from).split("\n").length,
    before: text.slice(Math.max(begin, from - AROUND), from),
    here: text.slice(from, Math.min(to, end)) || " ",
    after: text.slice(Math.min(to, end), Math.min(end, to + AROUND)),
  };
}
