/** What proves who we are: an Authorization header, or a client certificate, or both. */
export interface Credentials {
  readonly authorization?: string
  /** PEM. */
  readonly certificate?: string
  /** PEM. */
  readonly key?: string
}

/** How to reach one API server, and as whom. `loadConnection` reads one from where kubectl would. */
export interface Connection {
  /** `https://host:port`, with a path where the API is mounted below one. */
  readonly server: string
  /** The namespace for commands that name none. */
  readonly namespace: string
  /** Where this came from, for messages: `context kind of ~/.kube/config`. */
  readonly source: string
  /** PEM. Absent: the system's authorities. */
  readonly certificateAuthority?: string
  readonly insecureSkipTlsVerify?: boolean
  /** The name that the server's certificate must carry, where it isn't the host of `server`. */
  readonly tlsServerName?: string
  readonly proxyUrl?: string
  /** A Unix socket on which the same server answers without TLS: `server` then only names it. */
  readonly socketPath?: string
  /** Sent with every call: impersonation. */
  readonly headers?: Readonly<Record<string, string | string[]>>
  /** The credentials for the next call; may read files or run a plugin, and keeps what it got until that expires. */
  credentials(): Promise<Credentials>
  /** The server said Unauthorized: what was kept is of no use. True when the next `credentials()` may give others. */
  forgetCredentials(): boolean
}

/** A connection with fixed credentials: the embedded platform, tests. */
export function fixedConnection(options: {
  readonly server: string
  readonly certificateAuthority?: string
  readonly token?: string
  readonly certificate?: string
  readonly key?: string
  readonly namespace?: string
  readonly source?: string
  readonly socketPath?: string
}): Connection {
  const { server, certificateAuthority, token, certificate, key, socketPath } = options
  const credentials: Credentials = {
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(certificate !== undefined && { certificate }),
    ...(key !== undefined && { key }),
  }
  return {
    server,
    namespace: options.namespace ?? 'default',
    source: options.source ?? server,
    ...(certificateAuthority !== undefined && { certificateAuthority }),
    ...(socketPath !== undefined && { socketPath }),
    credentials: async () => credentials,
    forgetCredentials: () => false,
  }
}
