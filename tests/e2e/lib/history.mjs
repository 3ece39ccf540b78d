// history - a room's final, whole history over REST, for the judge.
import { must } from './api.mjs';

export async function historyOf(base, token, room) {
  const items = [];
  for (;;) {
    const page = await must(base, 'GET', `/v1/rooms/${room}/messages?after=${items.at(-1)?.seq ?? 0}&limit=200`, { token });
    items.push(...page.items);
    if (!page.more) return items;
  }
}
