// public_login - signing in to the numbered rooms.
import { ask, forget, onForm, remember, wanted } from './public.js';

onForm(async (fields) => {
  forget(); // a token that is no good would be refused before the password is looked at
  const { json } = await ask('/login/', { method: 'POST', body: fields });
  remember(json);
  location.assign(wanted());
});
