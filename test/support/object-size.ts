/** How large the objects of a file are that change after they were made, read from its source. */

export interface ChangingType {
  readonly name: string;
  /** Its fields, those included that stay as they are. */
  readonly fields: number;
}

/** Classes with fields, and interfaces and object types of which a member may change. Methods, getters and static members are no fields. */
export function changingTypes(source: string): ChangingType[] {
  const code = withoutTexts(source);
  const found: ChangingType[] = [];
  for (const match of code.matchAll(/\b(class|interface)\s+(\w+)[^{]*\{|\btype\s+(\w+)\s*=\s*\{/g)) {
    const body = bodyFrom(code, match.index + match[0].length);
    const members = membersOf(body);
    const fields = members.filter((member) => isField(member));
    const changes = match[1] === "class" ? fields.length > 0 : fields.some((field) => !/^readonly\b/.test(field));
    if (changes) found.push({ name: match[2] ?? match[3] ?? "", fields: fields.length });
  }
  return found;
}

/** A member up to its `;` or its body; a method's ends before the brace. */
function membersOf(body: string): string[] {
  const members: string[] = [];
  let depth = 0;
  let member = "";
  for (const character of body) {
    if (depth === 0 && (character === ";" || character === "\n" && /[;}]\s*$/.test(member))) {
      members.push(member.trim());
      member = "";
      continue;
    }
    if ("{([".includes(character)) depth++;
    if ("})]".includes(character)) depth--;
    member += character;
    if (depth === 0 && character === "}" && /^[^=]*\)[^=]*\{/s.test(member.trim())) {
      members.push(member.trim());
      member = "";
    }
  }
  if (member.trim() !== "") members.push(member.trim());
  return members.filter((text) => text !== "");
}

function isField(member: string): boolean {
  if (/^(?:static|constructor|get\s|set\s|async\s|\*)/.test(member)) return false;
  return /^(?:readonly\s+)?#?[\w$]+\??\s*(?:[:=]|$)/.test(member);
}

function bodyFrom(code: string, start: number): string {
  let depth = 1;
  for (let at = start; at < code.length; at++) {
    if (code[at] === "{") depth++;
    else if (code[at] === "}" && --depth === 0) return code.slice(start, at);
  }
  return code.slice(start);
}

/** Comments, and the insides of strings, regular expressions and templates, which may hold braces. */
function withoutTexts(source: string): string {
  const texts = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`|(?<=[(,=:]\s*)\/(?![*/])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/g;
  return source.replace(texts, (text) => (text.startsWith("/*") || text.startsWith("//") ? " " : '""'));
}
