// pages - people walk through the pages in browsers; tests named by a row are rows of the contract. Screenshots are in build/pages.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Browser } from '../e2e/lib/browser.mjs';
import { Cluster, until } from '../e2e/lib/cluster.mjs';
import { ask, fresh } from '../e2e/lib/dialect.mjs';

const password = 'a long enough password';
let cluster;
let base;
let browser;
before(async () => {
  cluster = await Cluster.start({ env: { PARLEY_DEMO_USERS: 'alice:password,bob:password', PARLEY_COMPAT_OPEN_ADMIN_SIGNUP: '1' } });
  base = cluster.url();
  browser = await Browser.start();
});
after(async () => {
  await browser?.stop();
  await cluster?.destroy();
});

const lines = (page) => page.locator('#lines li').allInnerTexts();
const linesAre = (page, wanted) => until(`lines ${JSON.stringify(wanted)}`, async () => JSON.stringify(await lines(page)) === JSON.stringify(wanted)).catch(async () => assert.deepEqual(await lines(page), wanted));
const status = (page, text) => page.locator('#status', { hasText: text }).waitFor();

async function say(page, text) {
  await page.getByLabel('Message', { exact: true }).fill(text);
  await page.keyboard.press('Enter');
}

// ---- numbered rooms -------------------------------------------------------------

// Somebody who registers and signs in by the pages: { page, name }.
async function resident(options) {
  const page = await browser.visitor(base, options);
  const name = fresh('res');
  await page.goto('/ui/register/');
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Register' }).click();
  await page.waitForURL('**/ui/login/');
  await enter(page, name);
  return { page, name };
}

async function enter(page, name) {
  await page.getByLabel('Name or mail address').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL('**/ui/rooms/');
}

async function staff() {
  const name = fresh('staff');
  const answer = await ask(base, 'POST', '/register/', { username: name, password, is_admin: true });
  assert.equal(answer.status, 201, answer.text);
  const page = await browser.visitor(base);
  await page.goto('/ui/login/');
  await enter(page, name);
  return { page, name };
}

async function makeRoom({ page }, name) {
  await page.goto('/ui/rooms/');
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel('Topic').fill('all and everything');
  await page.getByRole('button', { name: 'Create Room' }).click();
  await page.waitForURL('**/ui/room/*/');
  return page.url().match(/\d+(?=\/$)/)[0];
}

test('S5-11 the pages keep token, rights and id where their clients look for them', async () => {
  const { page, name } = await resident();
  const kept = await page.evaluate(() => ({ ...localStorage }));
  const { json } = await ask(base, 'POST', '/login/', { username: name, password });
  assert.deepEqual(kept, { authToken: json.token, isAdmin: 'false', userid: String(json.user_id) });
  await page.getByRole('link', { name: 'Sign out' }).click();
  await page.waitForURL(`${base}/`);
  assert.deepEqual(await page.evaluate(() => ({ ...localStorage })), {});
  await page.goto('/ui/rooms/');
  await status(page, 'Sign in to see the rooms.');
});

test('S5-11 who is no administrator is told so when asking for a room, and it is not made', async () => {
  const { page } = await resident();
  const told = [];
  page.on('dialog', async (dialog) => {
    told.push(dialog.message());
    await dialog.accept();
  });
  const name = fresh('not made');
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByRole('button', { name: 'Create Room' }).click();
  await until('the alert', () => told.length > 0);
  // What the browser keeps is no right: the gateway has the last word.
  await page.evaluate(() => localStorage.setItem('isAdmin', 'true'));
  await page.getByRole('button', { name: 'Create Room' }).click();
  await until('the second alert', () => told.length > 1);
  assert.deepEqual(told, Array(2).fill('You do not have permission to create a room'));
  assert.equal(await page.getByLabel('Name', { exact: true }).inputValue(), name);
  await page.reload();
  await until('the list is read', async () => (await page.locator('#status').innerText()) !== 'Reading');
  assert.equal(await page.getByRole('link', { name }).count(), 0);
});

test('S5-11 two people talk in a numbered room, and what was said is there after a reload', async () => {
  const [keeper, ann, bob] = [await staff(), await resident(), await resident({ width: 320, height: 640, dark: true })];
  const name = fresh('kitchen');
  const id = await makeRoom(keeper, name);
  await ann.page.goto('/ui/rooms/');
  await browser.shot(ann.page, 'rooms');
  await ann.page.getByRole('link', { name }).click();
  await bob.page.goto(`/ui/room/${id}/`);
  for (const { page } of [ann, bob]) await status(page, 'Connected');
  assert.equal(await ann.page.getByRole('heading', { level: 1 }).innerText(), name);
  const hostile = '<img src=x onerror="document.title = 1"> & "so on"';
  await say(ann.page, 'hello Bob');
  await until('it arrives', async () => (await lines(bob.page)).length === 1);
  await say(bob.page, hostile);
  const said = [`${ann.name}hello Bob`, `${bob.name}${hostile}`];
  for (const { page } of [ann, bob]) {
    await linesAre(page, said);
    assert.equal(await page.locator('#lines img').count(), 0);
    assert.equal(await page.locator('#waiting li').count(), 0);
    assert.equal(await page.locator('#text').inputValue(), '');
  }
  await ann.page.reload();
  await linesAre(ann.page, said);
  await browser.shot(ann.page, 'public_room');
  await browser.shot(bob.page, 'public_room_dark_320');
});

test('S5-11 whoever is not signed in reads a numbered room, and says nothing in it', async () => {
  const keeper = await staff();
  const id = await makeRoom(keeper, fresh('hall'));
  await status(keeper.page, 'Connected');
  await say(keeper.page, 'welcome');
  await linesAre(keeper.page, [`${keeper.name}welcome`]);
  const guest = await browser.visitor(base);
  await guest.goto(`/ui/room/${id}/`);
  await linesAre(guest, [`${keeper.name}welcome`]);
  await say(guest, 'may I?');
  await status(guest, 'Sign in to say something');
  assert.equal(await guest.locator('#text').inputValue(), 'may I?');
});

test('S5-11 what is refused stays to be sent again or dropped, over a reload too', async () => {
  const [keeper, ann] = [await staff(), await resident()];
  const id = await makeRoom(keeper, fresh('cellar'));
  await ann.page.context().clearCookies(); // her session is over, her token is not
  await ann.page.goto(`/ui/room/${id}/`);
  await status(ann.page, 'Connected');
  await say(ann.page, 'may I?');
  await status(ann.page, 'Refused');
  const waiting = ann.page.locator('#waiting');
  const again = ann.page.getByRole('button', { name: 'Send again' });
  assert.match(await waiting.innerText(), /may I\? - not confirmed/);
  assert.ok(await ann.page.getByRole('link', { name: 'Sign in' }).last().isVisible());
  await browser.shot(ann.page, 'public_room_refused');
  await again.click();
  await until('it is refused again', async () => (await again.count()) === 1);
  await ann.page.reload();
  assert.match(await waiting.innerText(), /may I\? - not confirmed/);
  await ann.page.getByRole('button', { name: 'Drop' }).click();
  assert.equal(await waiting.locator('li').count(), 0);
  assert.deepEqual(await lines(keeper.page), []);
});

// ---- open chats -------------------------------------------------------------------

async function chatter(login, room, options) {
  const page = await browser.visitor(base, options);
  if (login) {
    await page.goto('/accounts/login/');
    await page.getByLabel('Name or mail address').fill(login);
    await page.getByLabel('Password').fill('password');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(`${base}/`);
  }
  await page.goto('/chat/');
  await page.getByLabel('Name of the room').fill(room);
  await page.getByRole('button', { name: 'Enter' }).click();
  await page.waitForURL(`**/chat/${room}/`);
  await status(page, 'Connected');
  return page;
}

test('S1-21 S1-23 two who signed in by the page come into a room by its name and hear each other', async () => {
  const room = fresh('talk');
  const alice = await chatter('alice', room);
  await linesAre(alice, ['alice has joined the chat']);
  await say(alice, 'hi');
  await linesAre(alice, ['alice has joined the chat', 'alice: hi']);
  const bob = await chatter('bob', room, { dark: true });
  await linesAre(bob, ['alice: hi', 'bob has joined the chat']);
  await say(bob, 'hi Alice');
  await linesAre(alice, ['alice has joined the chat', 'alice: hi', 'bob has joined the chat', 'bob: hi Alice']);
  await browser.shot(alice, 'room');
  await browser.shot(bob, 'room_dark');
  await bob.context().close();
  await until('he has left', async () => (await lines(alice)).at(-1) === 'bob has left the chat');
});

test('two guests hear each other in an open chat', async () => {
  const room = fresh('guests');
  const [one, other] = [await chatter(null, room), await chatter(null, room, { width: 320, height: 600 })];
  await say(one, 'anybody here?');
  await linesAre(other, ['anybody here?']);
  await say(other, 'yes');
  for (const page of [one, other]) await linesAre(page, ['anybody here?', 'yes']);
  assert.equal(await one.locator('#waiting li').count(), 0);
  await browser.shot(other, 'room_guest_320');
});

// ---- connections that are lost ----------------------------------------------------------

test('what is typed while the gateway is away stays, and goes out when it is back; no line is doubled', async () => {
  const room = fresh('lost');
  const alice = await chatter('alice', room);
  await say(alice, 'before');
  await linesAre(alice, ['alice has joined the chat', 'alice: before']);
  await cluster.supervise('stop', 'gateway0');
  await status(alice, 'The connection is lost');
  await say(alice, 'typed meanwhile');
  await status(alice, 'Not connected');
  assert.equal(await alice.locator('#text').inputValue(), 'typed meanwhile');
  await browser.shot(alice, 'room_lost');
  await cluster.supervise('start', 'gateway0');
  await cluster.ready();
  await alice.locator('#status', { hasText: 'Connected' }).waitFor({ timeout: 30000 });
  await linesAre(alice, ['alice: before', 'alice has joined the chat']);
  await alice.locator('#text').press('Enter');
  await linesAre(alice, ['alice: before', 'alice has joined the chat', 'alice: typed meanwhile']);
});

test('what is typed and not sent outlives a reload', async () => {
  const page = await chatter(null, fresh('draft'));
  await page.getByLabel('Message', { exact: true }).fill('half a thou');
  await page.reload();
  assert.equal(await page.locator('#text').inputValue(), 'half a thou');
});

// ---- how they look -------------------------------------------------------------------------

const shown = ['/', '/accounts/login/', '/chat/', '/chat/lobby/', '/ui/login/', '/ui/register/', '/ui/rooms/', '/ui/room/1/', '/chat/a.b/'];

// What keeps somebody from using the page: none of it needs more than its own tree.
function flaws() {
  const found = [];
  for (const field of document.querySelectorAll('input:not([type=hidden]), textarea'))
    if (field.labels.length !== 1) found.push(`${field.id} has ${field.labels.length} labels`);
  for (const one of document.querySelectorAll('button, a[href]')) if (!one.textContent.trim()) found.push(`${one.outerHTML} has no name`);
  for (const part of ['header', 'main', 'nav[aria-label]', 'h1', 'title'])
    if (document.querySelectorAll(part).length !== 1) found.push(`${document.querySelectorAll(part).length} of ${part}`);
  const ids = [...document.querySelectorAll('[id]')].map((one) => one.id);
  if (new Set(ids).size !== ids.length) found.push('an id comes twice');
  if (document.documentElement.scrollWidth > innerWidth) found.push(`${document.documentElement.scrollWidth} pixels wide in ${innerWidth}`);
  return found;
}

// The contrast of two colours of the style sheet, by WCAG 2.
function contrasts(pairs) {
  const style = getComputedStyle(document.documentElement);
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const light = (name) => {
    canvas.fillStyle = style.getPropertyValue(`--${name}`).trim();
    canvas.fillRect(0, 0, 1, 1);
    const parts = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map((c) => c / 255);
    const [r, g, b] = parts.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  return pairs.map(([a, b]) => {
    const [dim, bright] = [light(a), light(b)].sort((x, y) => x - y);
    return [`${a} on ${b}`, (bright + 0.05) / (dim + 0.05)];
  });
}

test('every page has labels and landmarks, is no wider than 320 pixels, and can be read in the light and in the dark', async () => {
  const pairs = ['back', 'panel'].flatMap((back) => ['text', 'soft', 'link'].map((text) => [text, back]));
  pairs.push(['on-press', 'press'], ['fault', 'fault-back'], ['fault', 'back'], ['fault', 'panel']);
  for (const dark of [false, true]) {
    const page = await browser.visitor(base, { width: 320, height: 640, dark });
    for (const path of shown) {
      await page.goto(path);
      assert.deepEqual(await page.evaluate(flaws), [], path);
      const name = path.replaceAll('/', '_').replace(/^_|_$/g, '') || 'home';
      await browser.shot(page, `look_${name}_${dark ? 'dark' : 'light'}`);
    }
    for (const [what, ratio] of await page.evaluate(contrasts, pairs)) assert.ok(ratio >= 4.5, `${what}: ${ratio} ${dark}`);
  }
});

test('a sign-in that is refused is said in the form, and the password can be typed at once', async () => {
  const page = await browser.visitor(base);
  await page.goto('/accounts/login/?next=/chat/');
  await page.getByLabel('Name or mail address').fill('alice');
  await page.getByLabel('Password').fill('wrong');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').waitFor();
  await browser.shot(page, 'login_refused');
  assert.equal(await page.getByLabel('Name or mail address').inputValue(), 'alice');
  await page.getByLabel('Password').fill('password');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL('**/chat/');
});

test('no page has complained', () => {
  assert.deepEqual(browser.complaints, []);
});
