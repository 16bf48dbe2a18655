/** A difference between the embedded server and kube-apiserver that is right to have. Patterns that are absent fit all. */
export interface RightDifference {
  readonly scenario?: RegExp
  readonly step?: RegExp
  readonly path?: RegExp
  /** What the value is on each side; `(absent)` where there is none. */
  readonly real?: RegExp
  readonly embedded?: RegExp
  readonly reason: string
}

const parserWords = /JSON|json|YAML|yaml|Unexpected|unexpected|Expected|Nested mappings|invalid character/

/** Each with its reason; a rule that nothing needs any more fails the suite. */
export const rightDifferences: readonly RightDifference[] = [
  {
    path: /^status$/,
    real: /^500 /,
    embedded: /^4\d\d /,
    reason: "a client's mistake is answered as one; kube-apiserver says 500 where Go's error has no status",
  },
  {
    path: /message$/,
    real: /application\/vnd\.kubernetes\.protobuf/,
    reason: 'protobuf is read but not written: every client falls back to JSON',
  },
  {
    path: /message$/,
    real: parserWords,
    embedded: parserWords,
    reason: 'a syntax error is described by the parser that found it; status, reason and what is wrong are the same',
  },
  {
    path: /message$/,
    real: /^the server rejected our request due to an error in our request$/,
    embedded: /^the server rejected our request due to an error in our request: ./,
    reason: 'a JSON patch that fails says at which operation; kube-apiserver keeps that to itself',
  },
  {
    path: /message$/,
    real: /StorageError: invalid object, Code: 4, Key: \/registry/,
    embedded: /Precondition failed: UID in precondition/,
    reason: 'keys of etcd mean nothing where there is no etcd',
  },
  {
    path: /columnDefinitions\.\d+\.description$/,
    embedded: /^$/,
    reason: "descriptions of built-in columns are Go's doc comments; kubectl never shows them",
  },
  {
    path: /columnDefinitions\.\d+\.description$/,
    embedded: /^Custom resource definition column/,
    reason: 'the age column that a definition gets by default is described as one of its columns',
  },
  {
    path: /message$/,
    real: /Too large resource version/,
    embedded: /Too large resource version/,
    reason: "names the store's present revision",
  },
  {
    path: /message$/,
    real: /json: cannot unmarshal array into Go value of type struct/,
    reason: 'says what the body must be, not which Go type could not be filled',
  },
  {
    path: /message$/,
    real: /continue key is not valid: invalid character/,
    reason: "says what to do about a broken token, not what is wrong with its server's encoding",
  },
  {
    step: /^GET \/apis(\/autoscaling)?$|^\d+ (GET )?\/apis(\/autoscaling)?$/,
    path: /versions\.1$/,
    real: /autoscaling\/v1/,
    reason: 'autoscaling/v1, a smaller form of v2, is not served',
  },
  {
    scenario: /names are taken/,
    path: /^(body|contentType)$/,
    real: /404 page not found|text\/plain/,
    reason: 'a resource that is not served is refused with a Status like any other',
  },
  {
    path: /kube-controller-manager Update v1 status$/,
    embedded: /^\(absent\)$/,
    reason: 'what the server itself writes into a status has no owner: nobody has to take it over',
  },
  {
    path: /f:data\.f:x$|^body\.data\.x$/,
    scenario: /unknown and duplicate fields/,
    reason: 'of a key given twice the last value counts, as JSON says; Go merges the two objects',
  },
  {
    path: /(continue|remainingItemCount|items names)$/,
    step: /resourceVersion=0&continue/,
    reason: "a page stays a page; kube-apiserver's cache ignores the limit of such a request",
  },
  {
    path: /managedFields\..* scale\.time$/,
    reason: "an owner's time is kept when a scale is written; kube-apiserver loses it",
  },
  {
    scenario: /refused as services/,
    step: /^12 /,
    path: /^status$/,
    reason: 'a dry run refuses a node port that the write would refuse',
  },
  {
    path: /factor MultipleOf declared/,
    embedded: /^\(absent\)$/,
    reason: 'a factor of 0.5 is a factor; kube-apiserver cuts it to 0 where the value is a whole number',
  },
  {
    path: /storageVersionHash$/,
    reason: 'an opaque value that names how etcd holds the kind',
  },
  {
    path: /serverAddress$/,
    reason: 'where each server listens',
  },
]
