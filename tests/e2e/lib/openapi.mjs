// openapi - what the gateway's own documents say, held against its answers.
import Ajv from 'ajv';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

// Clients let members pass that they do not know; here what is not told is a fault.
function closed(node) {
  if (Array.isArray(node)) return node.map(closed);
  if (node === null || typeof node !== 'object') return node;
  const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, closed(value)]));
  if (copy.type === 'object' && copy.properties && copy.additionalProperties === undefined) copy.additionalProperties = false;
  return copy;
}

const pointer = (...keys) => keys.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
const told = (validate) => validate.errors.map((error) => `${error.instancePath || 'it'} ${error.message} ${JSON.stringify(error.params)}`);

class Schemas {
  constructor(json, Dialect) {
    this.json = json;
    this.ajv = new Dialect({ strict: false, allErrors: true });
    addFormats(this.ajv);
    this.ajv.addSchema({ ...closed(json), $id: 'doc' });
  }

  // What is wrong with a value, by the schema at these keys.
  faults(value, ...keys) {
    const validate = this.ajv.getSchema(`doc#${encodeURI(pointer(...keys)).replaceAll('{', '%7B').replaceAll('}', '%7D')}`);
    if (!validate) return [`no schema at ${pointer(...keys)}`];
    return validate(value) ? [] : told(validate);
  }
}

export class OpenApi extends Schemas {
  constructor(json) {
    super(json, Ajv2020);
    const number = (path) => (path.match(/\{/g) ?? []).length;
    // What a variable takes: the gateway knows no such path for anything else.
    const shapes = { uuid: '[0-9A-Fa-f-]{36}', integer: '[0-9]+' };
    const shapeOf = (path, name) => {
      const { schema = {} } = Object.values(json.paths[path]).flatMap((item) => item.parameters ?? []).find((one) => one.in === 'path' && one.name === name) ?? {};
      return shapes[schema.format] ?? shapes[schema.type] ?? '[^/]+';
    };
    // Paths without variables are looked at first, as the gateway does.
    this.paths = Object.keys(json.paths)
      .sort((a, b) => number(a) - number(b))
      .map((path) => [path, new RegExp(`^${path.replace(/[.]/g, '\\.').replace(/\{([^}]*)\}/g, (_, name) => shapeOf(path, name))}$`)]);
  }

  static async of(base) {
    const answer = await fetch(`${base}/openapi.json`, { signal: AbortSignal.timeout(5000) });
    return new OpenApi(await answer.json());
  }

  // The path of the document that a request's path fits; undefined when there is none.
  path(path) {
    const bare = path.replace(/[?#].*$/s, '');
    return this.paths.find(([, pattern]) => pattern.test(bare))?.[0];
  }

  response(path, method, status) {
    const responses = this.json.paths[path]?.[method.toLowerCase()]?.responses;
    const key = responses?.[status] ? String(status) : 'default';
    const found = responses?.[key];
    if (!found?.$ref) return { found, keys: ['paths', path, method.toLowerCase(), 'responses', key] };
    const name = found.$ref.split('/').pop();
    return { found: this.json.components.responses[name], keys: ['components', 'responses', name] };
  }

  // What is wrong with an answer ({ status, headers, text, json }); nothing of paths that are not in the document.
  answerFaults(method, path, answer) {
    const known = this.path(path);
    if (!known || answer.status === 405 || method === 'OPTIONS') return [];
    const { found, keys } = this.response(known, method === 'HEAD' && !this.json.paths[known].head ? 'GET' : method, answer.status);
    if (!found) return answer.status < 400 ? [`${answer.status} is not told`] : [];
    if (method === 'HEAD' || answer.status === 304) return [];
    const media = (answer.headers.get('content-type') ?? '').replace(/;.*/s, '').trim();
    if (answer.text === '' && found['x-may-be-empty']) return [];
    if (!found.content) return answer.text ? [`${answer.status} has a body`] : [];
    const fit = Object.keys(found.content).find((one) => one === media || one === '*/*' || (one.endsWith('/*') && media.startsWith(one.slice(0, -1))));
    if (!fit) return [`${answer.status} is ${media || 'without a type'}, not ${Object.keys(found.content)}`];
    return /json$/.test(media) ? this.faults(answer.json, ...keys, 'content', fit, 'schema') : [];
  }
}

export class AsyncApi extends Schemas {
  constructor(json) {
    super(json, Ajv);
  }

  messageFaults(name, frame) {
    return this.faults(frame, 'components', 'messages', name, 'payload');
  }

  // What is wrong with a frame by each message of an operation; nothing when it is one of them.
  frameFaults(operation, frame) {
    const names = this.json.operations[operation].messages.map(({ $ref }) => $ref.split('/').pop());
    const faults = names.map((name) => this.messageFaults(name, frame).map((fault) => `${name}: ${fault}`));
    return faults.some((one) => one.length === 0) ? [] : faults.flat();
  }
}

const documents = new Map();

// Tests judge; measurements and fault runs ask for nothing of their own.
const isTest = process.env.NODE_TEST_CONTEXT !== undefined;

// Throws when an answer is not as the document of the gateway at `base` has it.
export async function judgeAnswer(base, method, path, answer) {
  if (!isTest) return;
  if (!documents.has(base)) documents.set(base, OpenApi.of(base).catch(() => null));
  const document = await documents.get(base);
  if (!document) documents.delete(base); // it was away: the next answer is judged
  const faults = document?.answerFaults(method, path, answer) ?? [];
  if (faults.length > 0) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}\nis not as documented: ${faults.join('; ')}`);
}
