/**
 * Which pairs of a matching could be otherwise: those on a cycle of "this one could have got what that one got". All
 * others are the same in every matching (Berge; the components are Tarjan's). Knows nothing of messages.
 */

/**
 * `wants[i]`: the nodes whose partner node `i` could have in place of its own; its own among them or not. Returns of
 * each node the number of its component: two nodes with the same one are on a cycle together.
 */
export function components(wants: readonly (readonly number[])[]): readonly number[] {
  const order = new Array<number>(wants.length).fill(-1);
  const low = new Array<number>(wants.length).fill(-1);
  const component = new Array<number>(wants.length).fill(-1);
  const stack: number[] = [];
  let next = 0;
  let found = 0;
  // By hand, since a queue may be deeper than the stack of calls.
  for (let root = 0; root < wants.length; root++) {
    if (order[root] !== -1) continue;
    const path = [{ node: root, at: 0 }];
    while (path.length > 0) {
      const step = path[path.length - 1] as { node: number; at: number };
      const { node } = step;
      if (step.at === 0) {
        order[node] = low[node] = next++;
        stack.push(node);
      }
      const to = wants[node]?.[step.at++];
      if (to !== undefined) {
        if (order[to] === -1) path.push({ node: to, at: 0 });
        else if (component[to] === -1) low[node] = Math.min(low[node] ?? 0, order[to] ?? 0);
        continue;
      }
      path.pop();
      const parent = path[path.length - 1]?.node;
      if (parent !== undefined) low[parent] = Math.min(low[parent] ?? 0, low[node] ?? 0);
      if (low[node] !== order[node]) continue;
      for (;;) {
        const member = stack.pop() as number;
        component[member] = found;
        if (member === node) break;
      }
      found++;
    }
  }
  return component;
}
