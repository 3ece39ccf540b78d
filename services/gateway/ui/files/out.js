// out - signing out of the pages: what those of the numbered rooms keep goes with the session.
import { forget } from './public.js';

for (const link of document.querySelectorAll('a[href="/logout"]')) link.addEventListener('click', forget);
