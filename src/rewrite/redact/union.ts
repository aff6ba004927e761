/** Sets of texts that grow together: any two may be joined, each has one name. */
export interface Union {
  /** The set's name; that of a text which was never told of is itself. */
  nameOf(text: string): string;
  add(text: string): void;
  join(one: string, other: string): void;
  /** Every text that was told of. */
  readonly texts: Iterable<string>;
}

export function newUnion(): Union {
  const parents = new Map<string, string>();
  const nameOf = (text: string): string => {
    let root = text;
    for (let next = parents.get(root); next !== undefined && next !== root; next = parents.get(root))
      root = next;
    if (parents.has(text)) parents.set(text, root);
    return root;
  };
  const add = (text: string) => {
    if (!parents.has(text)) parents.set(text, text);
  };
  return {
    nameOf,
    add,
    join(one, other) {
      add(one);
      add(other);
      parents.set(nameOf(one), nameOf(other));
    },
    texts: { [Symbol.iterator]: () => parents.keys() },
  };
}
