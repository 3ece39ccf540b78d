// seeded - random choices that can be repeated.

// A generator of numbers in [0, 1) (mulberry32).
export function seeded(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

// The seed of a part, from the seed of the whole and the part's name: adding a row leaves the others as they were.
export function seedOf(seed, name) {
  let hash = seed >>> 0;
  for (const byte of Buffer.from(name)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

export const pick = (random, list) => list[Math.floor(random() * list.length)];

// `count` different entries of the list, in random order.
export function pickSome(random, list, count) {
  const rest = [...list];
  const some = [];
  while (some.length < count && rest.length > 0) some.push(...rest.splice(Math.floor(random() * rest.length), 1));
  return some;
}
