// public_register - an account for the numbered rooms.
import { ask, forget, onForm } from './public.js';

onForm(async (fields) => {
  forget();
  await ask('/register/', { method: 'POST', body: fields });
  location.assign('/ui/login/');
});
