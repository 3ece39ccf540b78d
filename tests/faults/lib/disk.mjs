// disk - a small file system of its own for a folder, and how it is filled and freed.
import { execFileSync } from 'node:child_process';
import { chownSync, closeSync, mkdirSync, openSync, renameSync, rmSync, statSync, statfsSync, symlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const tmpfsMagic = 0x01021994;
const block = Buffer.alloc(64 * 1024);

export class Disk {
  // Moves `folder` (nobody uses it now) onto a tmpfs of `megabytes`, mounted at `mount`, and leaves a link to it.
  constructor(folder, mount, megabytes) {
    const { uid, gid } = statSync(folder);
    mkdirSync(mount, { mode: 0o711 });
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=700,uid=${uid},gid=${gid}`, 'parley-faults', mount]);
    Object.assign(this, { mount, bytes: megabytes * 1024 * 1024, ballast: join(mount, 'ballast') });
    const inside = join(mount, 'data');
    execFileSync('cp', ['-a', folder, inside]);
    renameSync(folder, `${folder}.before`);
    symlinkSync(inside, folder);
    chownSync(inside, uid, gid);
  }

  // Writes until there is no space left; never on anything but the small file system.
  fill() {
    const { type, blocks, bsize } = statfsSync(this.mount);
    if (type !== tmpfsMagic || blocks * bsize > 2 * this.bytes) throw new Error(`${this.mount} is not the small disk`);
    const file = openSync(this.ballast, 'a');
    try {
      for (let written = 0; written <= this.bytes; written += block.length) writeSync(file, block);
    } catch (error) {
      if (error.code !== 'ENOSPC') throw error;
    } finally {
      closeSync(file);
    }
  }

  free() {
    rmSync(this.ballast, { force: true });
  }

  // The mount goes when its last user has.
  close() {
    this.free();
    execFileSync('umount', ['-l', this.mount]);
  }
}
