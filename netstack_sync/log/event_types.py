"""The types of NetLog events and sources, with Chromium's names and numbers.

Numbers are those of Chromium M114 (net/log/net_log_event_type_list.h, net_log_source_type_list.h), so that
types can be added without moving others; readers of a log take them from its constants. A "span" has a
BEGIN and an END. In braces stand the parameters, of a span those of BEGIN before those of END; "?" marks
what may be missing.
"""

from __future__ import annotations

from enum import IntEnum


class NetLogEventPhase(IntEnum):
    """Whether an event begins or ends something."""

    NONE = 0  # it takes no time
    BEGIN = 1
    END = 2


class NetLogSourceType(IntEnum):
    """What kind of object an event belongs to."""

    NONE = 0  # belongs to nothing in particular; a fresh id per event
    URL_REQUEST = 1  # a URLRequest
    PAC_FILE_DECIDER = 2  # looks for the script that chooses proxies
    HTTP_PROXY_CONNECT_JOB = 3  # a connect job through an HTTP proxy
    SOCKS_CONNECT_JOB = 4  # a connect job through a SOCKS proxy
    SSL_CONNECT_JOB = 5  # a connect job with TLS
    TRANSPORT_CONNECT_JOB = 6  # a connect job over TCP
    SOCKET = 7  # a socket, for as long as it is open
    HOST_RESOLVER_IMPL_JOB = 11  # a job of the host resolver
    HTTP_STREAM_JOB = 14  # a job that makes an HTTP stream
    CERT_VERIFIER_JOB = 17  # a job of the certificate verifier
    CERT_VERIFIER_TASK = 18  # a verification on a worker
    HTTP_STREAM_JOB_CONTROLLER = 22  # the stream jobs of one request
    HTTP_AUTH_CONTROLLER = 30  # what a server and a request say to each other about who is asking


class NetLogEventType(IntEnum):
    """What happened."""

    # Any source
    CANCELLED = 0  # the request was cancelled by its owner
    FAILED = 1  # the request failed {net_error}

    # URLRequest
    REQUEST_ALIVE = 2  # span: the life of a URLRequest
    URL_REQUEST_START_JOB = 108  # span: one job {url, method, priority} {net_error?}
    URL_REQUEST_REDIRECTED = 109  # the request goes on elsewhere {location}
    NETWORK_DELEGATE_BEFORE_START_TRANSACTION = 110  # span: a network delegate sees the headers to be sent {net_error?}
    NETWORK_DELEGATE_BEFORE_URL_REQUEST = 111  # span: a network delegate sees a hop that begins {net_error?}
    NETWORK_DELEGATE_HEADERS_RECEIVED = 112  # span: a network delegate sees the head of an answer {net_error?}
    URL_REQUEST_DELEGATE_RECEIVED_REDIRECT = 114  # span: the delegate decides about a redirect
    URL_REQUEST_DELEGATE_RESPONSE_STARTED = 115  # span: the delegate is told that headers are there
    URL_REQUEST_DELEGATE_SSL_CERTIFICATE_ERROR = 116  # span: the delegate is told about a bad certificate
    URL_REQUEST_JOB_BYTES_READ = 119  # body bytes as they came {byte_count, bytes?}
    URL_REQUEST_JOB_FILTERED_BYTES_READ = 120  # body bytes after decoding {byte_count, bytes?}
    URL_REQUEST_SET_PRIORITY = 121  # the priority changed {priority}
    URL_REQUEST_REDIRECT_JOB = 122  # a job that only redirects was made {reason}
    URL_REQUEST_FILTERS_SET = 124  # the content decoders of a response were chosen {filters}
    # whether http must become https {host, get_sts_state_result, should_upgrade_to_ssl}
    TRANSPORT_SECURITY_STATE_SHOULD_UPGRADE_TO_SSL = 521

    # Upload
    UPLOAD_DATA_STREAM_INIT = 441  # span: the body to send is opened {net_error, total_size, is_chunked}
    UPLOAD_DATA_STREAM_READ = 442  # span: a piece of the body is read {current_position} {result}

    # Stream factory
    HTTP_STREAM_REQUEST = 150  # span: a transaction waits for a stream
    HTTP_STREAM_JOB = 151  # span: a job makes a stream {source_dependency, url, priority, type}
    HTTP_STREAM_JOB_WAITING = 152  # span: a job waits for another one {should_wait}
    HTTP_STREAM_JOB_INIT_CONNECTION = 156  # span: a job waits for its connection
    HTTP_STREAM_REQUEST_STARTED_JOB = 153  # the request started a job {source_dependency}
    HTTP_STREAM_REQUEST_BOUND_TO_JOB = 157  # the request is served by this job {source_dependency}
    HTTP_STREAM_JOB_BOUND_TO_REQUEST = 159  # the job serves this request {source_dependency}
    HTTP_STREAM_REQUEST_PROTO = 160  # the protocol of the stream {proto}
    HTTP_STREAM_JOB_ORPHANED = 161  # the job's request went away; the job goes on for whoever comes
    HTTP_STREAM_JOB_CONTROLLER = 164  # span: the jobs for one request {url, is_preconnect}
    HTTP_STREAM_JOB_CONTROLLER_BOUND = 165  # the request is served by this controller {source_dependency}
    HTTP_STREAM_JOB_CONTROLLER_PROXY_SERVER_RESOLVED = 166  # the way that is tried now {proxy_chain}
    PROXY_LIST_FALLBACK = 32  # that way failed, there is another one {bad_proxy_chain, net_error}

    # Transaction
    HTTP_TRANSACTION_TUNNEL_SEND_REQUEST = 168  # span: a proxy is asked for a tunnel {net_error?}
    HTTP_TRANSACTION_SEND_TUNNEL_HEADERS = 169  # the head of that request {line, headers}
    HTTP_TRANSACTION_TUNNEL_READ_HEADERS = 170  # span: the proxy's answer is waited for {net_error?}
    HTTP_TRANSACTION_READ_TUNNEL_RESPONSE_HEADERS = 171  # the head of that answer {headers}
    HTTP_TRANSACTION_SEND_REQUEST = 172  # span: head and body are sent {net_error?}
    HTTP_TRANSACTION_SEND_REQUEST_HEADERS = 173  # the request head {line, headers}
    HTTP_TRANSACTION_SEND_REQUEST_BODY = 174  # how the body is sent {did_merge, is_chunked, length}
    HTTP_TRANSACTION_READ_HEADERS = 177  # span: the transaction waits for the response head {net_error?}
    HTTP_TRANSACTION_READ_RESPONSE_HEADERS = 178  # the response head {headers}
    HTTP_TRANSACTION_READ_EARLY_HINTS_RESPONSE_HEADERS = 179  # a 103 response head {headers}
    HTTP_TRANSACTION_READ_BODY = 180  # span: a read of the body {net_error?}
    HTTP_TRANSACTION_DRAIN_BODY_FOR_AUTH_RESTART = 181  # span: the rest of a challenge is read
    HTTP_TRANSACTION_RESTART_AFTER_ERROR = 182  # the request is sent again {net_error or http_status_code}
    HTTP_TRANSACTION_RESTART_MISDIRECTED_REQUEST = 183  # the request is sent again after 421
    HTTP_STREAM_PARSER_READ_HEADERS = 355  # span: the parser reads a response head {net_error?}

    # Authentication
    AUTH_CONTROLLER = 360  # span: the rounds of one request {target, url}
    AUTH_BOUND_TO_CONTROLLER = 361  # the request has this controller {source_dependency}
    AUTH_HANDLER_CREATE_RESULT = 362  # a challenge is to be answered {scheme}
    AUTH_HANDLER_INIT = 363  # whoever answers it is ready {succeeded, allows_default_credentials}
    AUTH_GENERATE_TOKEN = 364  # span: a worker makes what NTLM or Negotiate say next {net_error?}
    AUTH_HANDLE_CHALLENGE = 365  # what became of an answer {authentication_scheme, authentication_result}

    # Socket pool
    SOCKET_POOL = 97  # span: a request waits for a socket {net_error?}
    SOCKET_POOL_STALLED_MAX_SOCKETS = 98  # the pool is full
    SOCKET_POOL_STALLED_MAX_SOCKETS_PER_GROUP = 99  # the group is full
    SOCKET_POOL_REUSED_AN_EXISTING_SOCKET = 100  # an idle socket is used again {idle_ms}
    TCP_CLIENT_SOCKET_POOL_REQUESTED_SOCKET = 101  # a socket is asked for {group_id}
    TCP_CLIENT_SOCKET_POOL_REQUESTED_SOCKETS = 102  # sockets are opened in advance {group_id}
    SOCKET_POOL_CONNECT_JOB_CREATED = 103  # a connect job starts {backup_job, group_id}
    SOCKET_POOL_BOUND_TO_CONNECT_JOB = 104  # the request is tied to a connect job {source_dependency}
    SOCKET_POOL_BOUND_TO_SOCKET = 105  # the request got this socket {source_dependency}
    SOCKET_POOL_CONNECTING_N_SOCKETS = 106  # sockets are opened in advance {num_sockets}
    SOCKET_POOL_CLOSING_SOCKET = 107  # an idle socket is closed {reason}

    # Connect jobs
    CONNECT_JOB = 87  # span: the life of a connect job
    CONNECT_JOB_SET_SOCKET = 88  # the job has a socket to give {source_dependency}
    CONNECT_JOB_TIMED_OUT = 89  # the job took too long
    TRANSPORT_CONNECT_JOB_CONNECT = 90  # span: name resolution and TCP connect {group_id?} {net_error?}
    SSL_CONNECT_JOB_CONNECT = 91  # span: TCP connect and TLS handshake {group_id?} {net_error?}
    SOCKS_CONNECT_JOB_CONNECT = 92  # span: connect to a SOCKS proxy, and its handshake {net_error?}
    HTTP_PROXY_CONNECT_JOB_CONNECT = 93  # span: connect to an HTTP proxy, and the tunnel if there is one {net_error?}
    TRANSPORT_CONNECT_JOB_IPV6_FALLBACK = 95  # the first family is slow, so the other is tried too {address_list}
    TRANSPORT_CONNECT_JOB_CONNECT_ATTEMPT = 96  # one address is tried {address, source_dependency}

    # Sockets
    SOCKET_ALIVE = 37  # span: the life of a socket {source_dependency}
    TCP_CONNECT = 40  # span: one of a list {address_list} {net_error or local_address}
    TCP_CONNECT_ATTEMPT = 41  # span: connect to one address {address} {os_error?}
    TCP_ACCEPT = 42  # span: a listening socket waits for a connection {net_error or address}
    SOCKET_IN_USE = 43  # span: the socket serves somebody {source_dependency}
    SOCKS_CONNECT = 44  # span: a SOCKS4 proxy is asked to connect {net_error?}
    SOCKS5_CONNECT = 45  # span: a SOCKS5 proxy is asked to connect {net_error?}
    SOCKS_SERVER_ERROR = 50  # the proxy refused {error_code}
    SOCKS_UNEXPECTED_AUTH = 51  # the proxy wants another way to log in {method}
    SOCKS5_GREET_WRITE = 356  # span: the ways to log in are offered {net_error?}
    SOCKS5_GREET_READ = 357  # span: the proxy chooses one of them {net_error?}
    SOCKS5_HANDSHAKE_WRITE = 358  # span: the destination is sent {net_error?}
    SOCKS5_HANDSHAKE_READ = 359  # span: the proxy's reply {net_error?}
    SSL_CONNECT = 53  # span: the TLS handshake {net_error or version, cipher_suite, is_resumed, next_proto}
    SSL_SERVER_HANDSHAKE = 55  # span: the TLS handshake as a server {net_error?}
    SSL_HANDSHAKE_ERROR = 59  # the handshake failed {net_error, ssl_lib_error}
    SSL_READ_ERROR = 60  # reading failed in TLS {net_error, ssl_lib_error}
    SSL_WRITE_ERROR = 61  # writing failed in TLS {net_error, ssl_lib_error}
    SSL_CERTIFICATES_RECEIVED = 76  # the server's certificates {certificates}
    SOCKET_BYTES_SENT = 69  # bytes given to the system {byte_count, bytes?}
    SSL_SOCKET_BYTES_SENT = 70  # plain bytes given to TLS {byte_count, bytes?}
    SOCKET_BYTES_RECEIVED = 71  # bytes that came {byte_count, bytes?}
    SSL_SOCKET_BYTES_RECEIVED = 72  # plain bytes that came out of TLS {byte_count, bytes?}
    SOCKET_READ_ERROR = 73  # a read failed {net_error, os_error}
    SOCKET_WRITE_ERROR = 74  # a write failed {net_error, os_error}
    SOCKET_CLOSED = 75  # the socket was closed

    # Host resolver
    HOST_RESOLVER_MANAGER_REQUEST = 3  # span: one question {host, allow_cached_response} {net_error?}
    HOST_RESOLVER_MANAGER_IPV6_REACHABILITY_CHECK = 4  # whether IPv6 works {ipv6_available, cached}
    HOST_RESOLVER_MANAGER_CACHE_HIT = 5  # the answer was known {results}
    HOST_RESOLVER_MANAGER_HOSTS_HIT = 6  # the answer was in the hosts file {results}
    HOST_RESOLVER_MANAGER_CREATE_JOB = 8  # the request starts a job
    HOST_RESOLVER_MANAGER_JOB_ATTACH = 14  # the request joins a job {source_dependency}
    HOST_RESOLVER_MANAGER_JOB = 9  # span: serves all equal requests {host, source_dependency} {net_error?}
    HOST_RESOLVER_MANAGER_JOB_EVICTED = 10  # the queue was full and the job went
    HOST_RESOLVER_MANAGER_JOB_STARTED = 11  # the job leaves the queue
    HOST_RESOLVER_MANAGER_JOB_REQUEST_ATTACH = 15  # a request joined {source_dependency, priority}
    HOST_RESOLVER_MANAGER_JOB_REQUEST_DETACH = 16  # a request left {source_dependency, priority}
    HOST_RESOLVER_SYSTEM_TASK = 17  # span: getaddrinfo {hostname} {address_list or net_error, os_error}
    HOST_RESOLVER_MANAGER_ATTEMPT_STARTED = 12  # getaddrinfo begins {attempt_number}
    HOST_RESOLVER_MANAGER_ATTEMPT_FINISHED = 13  # getaddrinfo ends {attempt_number, net_error?, os_error?}

    # Proxy resolution
    PAC_FILE_DECIDER = 21  # span: which script chooses the proxies {net_error?, detail?}
    PAC_FILE_DECIDER_WAIT = 22  # span: the network is given time to settle
    PAC_FILE_DECIDER_FETCH_PAC_SCRIPT = 23  # span: one source is tried {source} {net_error?}
    PAC_FILE_DECIDER_FALLING_BACK_TO_NEXT_PAC_SOURCE = 25  # that source has none, there is another
    PROXY_RESOLUTION_SERVICE = 26  # span: which proxies are for one URL {net_error?}
    PROXY_RESOLUTION_SERVICE_WAITING_FOR_INIT_PAC = 27  # span: the settings or their script are not there yet
    PROXY_RESOLUTION_SERVICE_RESOLVED_PROXY_LIST = 28  # what was decided {proxy_info or net_error}
    PROXY_RESOLUTION_SERVICE_DEPRIORITIZED_BAD_PROXIES = 29  # the same, those that failed lately behind {proxy_info}
    PROXY_CONFIG_CHANGED = 30  # the settings are others {old_config?, new_config}
    BAD_PROXY_LIST_REPORTED = 31  # proxies that failed a request which went well after all {bad_proxy_list}
    PAC_JAVASCRIPT_ERROR = 33  # a script failed {line_number?, message}
    PAC_JAVASCRIPT_ALERT = 34  # a script called alert() {message}
    WAITING_FOR_PROXY_RESOLVER_THREAD = 35  # span: all threads for scripts are busy
    SUBMITTED_TO_RESOLVER_THREAD = 36  # a script ran on a thread, or in a process of its own {thread_number?}

    # Network
    NETWORK_IP_ADDRESSES_CHANGED = 372  # addresses of this machine came or went
    NETWORK_CONNECTIVITY_CHANGED = 373  # the machine is on a network of another type {new_connection_type}
    NETWORK_CHANGED = 374  # a change has settled {new_connection_type}
    DNS_CONFIG_CHANGED = 375  # the system resolves names in another way

    # Certificate verifier
    CERT_VERIFIER_REQUEST = 390  # span: one verification asked for {net_error?}
    CERT_VERIFIER_REQUEST_BOUND_TO_JOB = 392  # the request joins a job {source_dependency}
    CERT_VERIFIER_JOB = 391  # span: serves all equal requests {certificates, host} {cert_status, net_error}
    CERT_VERIFIER_TASK = 393  # span: the verification on a worker {net_error?}
