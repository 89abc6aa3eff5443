// Where in a text the server's byte position is: it counts UTF-8, a page counts UTF-16.

export interface Marked {
  before: string;
  at: string; // one character; empty at the end of the text
  after: string;
}

/** Splits a text at the character that holds byte `position`, counted from 0. */
export function markedAt(text: string, position: number): Marked {
  let bytes = 0;
  let before = "";
  for (const character of text) {
    bytes += utf8Length(character.codePointAt(0) ?? 0);
    if (bytes > position) {
      return { before, at: character, after: text.slice(before.length + character.length) };
    }
    before += character;
  }
  return { before, at: "", after: "" };
}

function utf8Length(code: number): number {
  if (code < 0x80) return 1;
  if (code < 0x800) return 2;
  return code < 0x10000 ? 3 : 4;
}
