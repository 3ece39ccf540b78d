// browser - people at browsers of their own (Debian's Chromium), and what their pages complain of.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { root } from './cluster.mjs';

const shots = join(root, 'build/pages');

export class Browser {
  static async start() {
    const self = new Browser();
    mkdirSync(shots, { recursive: true });
    // Under root its sandbox does not start; all that it is shown comes from here.
    self.chromium = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-dev-shm-usage'] });
    self.complaints = [];
    return self;
  }

  // A page of somebody who shares nothing with the others. What it complains of is noted, but for lost connections.
  async visitor(base, { width = 1000, height = 700, dark = false } = {}) {
    const context = await this.chromium.newContext({ baseURL: base, viewport: { width, height }, colorScheme: dark ? 'dark' : 'light' });
    const page = await context.newPage();
    page.setDefaultTimeout(10000);
    page.on('pageerror', (error) => this.complaints.push(`${page.url()}: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error' && !/ERR_CONNECTION|WebSocket connection|status of (400|403|404)/.test(message.text())) this.complaints.push(`${page.url()}: ${message.text()}`);
    });
    return page;
  }

  async shot(page, name) {
    await page.screenshot({ path: join(shots, `${name}.png`) });
  }

  async stop() {
    await this.chromium?.close();
  }
}
