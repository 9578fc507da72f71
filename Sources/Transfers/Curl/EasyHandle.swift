import CCurl
import CLinux
import Glibc

/// A libcurl easy handle with what all transfers have in common: connections to a given address only, peers that are verified during the
/// handshake, and nothing from the environment.
///
/// Used by one thread at a time, and until libcurl has released the handle: its callbacks hold no references.
final class EasyHandle {
    let easy: OpaquePointer
    /// nil without TLS.
    let verifier: PeerVerifier?
    /// Called with each descriptor that is opened for a connection; false keeps it from being used.
    var opened: (Int32) -> Bool = { _ in true }
    /// `errno` of a socket that could not be created, else 0: libcurl does not keep it.
    private(set) var socketError: Int32 = 0
    /// When the handshake began: libcurl reports this only for handshakes that succeed.
    private(set) var tlsBegan: Duration?
    /// When the session was first seen to be established.
    private(set) var tlsEnded: Duration?
    private var session = TLSReport()
    private var began = ContinuousClock.now
    /// By option, kept until replaced.
    private var lists: [UInt32: UnsafeMutablePointer<curl_slist>] = [:]
    private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

    /// - Returns: nil if libcurl has no memory for it.
    init?(verifier: PeerVerifier?) {
        guard let easy = curl_easy_init() else { return nil }
        self.easy = OpaquePointer(easy)
        self.verifier = verifier
        errorText.pointee = 0
    }

    deinit {
        curl_easy_cleanup(handle)
        for list in lists.values { curl_slist_free_all(list) }
        errorText.deallocate()
    }

    var handle: UnsafeMutableRawPointer { UnsafeMutableRawPointer(easy) }
    /// libcurl's error message.
    var error: String { String(cString: errorText) }

    /// What the handshake has shown so far; nil if none has begun.
    var tls: TLSReport? {
        guard tlsBegan != nil, var report = verifier?.report else { return nil }
        report.version = session.version
        report.cipher = session.cipher
        report.lacksSecureRenegotiation = session.lacksSecureRenegotiation
        return report
    }

    /// Reads the facts of the session, once it is established. Called from callbacks, while the connection is open.
    func noteTLS() {
        guard verifier != nil, session.version == nil, let ssl = agent_get_ssl(handle) else { return }
        session.read(ssl)
        if session.version != nil { tlsEnded = ContinuousClock.now - began }
    }

    func long(_ option: CURLoption, _ value: Int) { agent_set_long(handle, option, value) }
    func text(_ option: CURLoption, _ value: String) { agent_set_text(handle, option, value) }
    func pointer(_ option: CURLoption, _ value: UnsafeMutableRawPointer?) { agent_set_pointer(handle, option, value) }

    func list(_ option: CURLoption, _ values: [String]) {
        var list: UnsafeMutablePointer<curl_slist>?
        for value in values { list = curl_slist_append(list, value) }
        guard let list else { return }
        pointer(option, list)
        curl_slist_free_all(lists.updateValue(list, forKey: option.rawValue))
    }

    /// Percent-encoded, as a part of a URL.
    func escaped(_ text: String) -> String {
        guard let escaped = curl_easy_escape(handle, text, Int32(text.utf8.count)) else { return "" }
        defer { curl_free(escaped) }
        return String(cString: escaped)
    }

    /// Sets what all transfers have in common.
    func setUp(protocols: String, tls: TLSSettings) {
        let this = Unmanaged.passUnretained(self).toOpaque()
        text(CURLOPT_PROTOCOLS_STR, protocols)
        long(CURLOPT_NOSIGNAL, 1)
        // Otherwise libcurl waits for the thread that resolves a proxy's name, and all other exchanges wait too.
        long(CURLOPT_QUICK_EXIT, 1)
        long(CURLOPT_SSL_SESSIONID_CACHE, 0)
        long(CURLOPT_DNS_CACHE_TIMEOUT, 0)
        long(CURLOPT_NETRC, 0)
        // An empty proxy keeps libcurl from using the environment's proxy variables.
        text(CURLOPT_NOPROXY, "")
        text(CURLOPT_PROXY, "")
        pointer(CURLOPT_ERRORBUFFER, errorText)
        setTLS(tls, this)
        agent_set_open_function(handle) { easy, _, address in
            guard let easy, let address else { return CURL_SOCKET_BAD }
            return Unmanaged<EasyHandle>.fromOpaque(easy).takeUnretainedValue().openSocket(address.pointee)
        }
        pointer(CURLOPT_OPENSOCKETDATA, this)
    }

    /// Sets the time that the next transfer may take.
    func setTimeout(_ timeout: Duration) {
        let milliseconds = max(1, Int((timeout / .milliseconds(1)).rounded(.up)))
        long(CURLOPT_TIMEOUT_MS, milliseconds)
        long(CURLOPT_CONNECTTIMEOUT_MS, milliseconds)
        began = .now
        socketError = 0
    }

    private func setTLS(_ tls: TLSSettings, _ this: UnsafeMutableRawPointer) {
        long(CURLOPT_SSL_VERIFYPEER, 1)
        long(CURLOPT_SSL_VERIFYHOST, 0)
        // Otherwise libcurl would use the store of the first connection for all connections of the multi handle.
        long(CURLOPT_CA_CACHE_TIMEOUT, 0)
        agent_set_text(handle, CURLOPT_CAINFO, nil)
        agent_set_text(handle, CURLOPT_CAPATH, nil)
        long(CURLOPT_SSLVERSION, Self.minimum(tls.minimum) | (tls.maximum.map(Self.maximum) ?? 0))
        agent_set_ssl_function(handle) { _, context, easy in
            guard let context, let easy else { return CURLE_ABORTED_BY_CALLBACK }
            return Unmanaged<EasyHandle>.fromOpaque(easy).takeUnretainedValue().beginTLS(OpaquePointer(context))
                ? CURLE_OK : CURLE_ABORTED_BY_CALLBACK
        }
        pointer(CURLOPT_SSL_CTX_DATA, this)
    }

    private static func minimum(_ version: TLSVersion) -> Int {
        switch version {
        case .v1_0: Int(CURL_SSLVERSION_TLSv1_0)
        case .v1_1: Int(CURL_SSLVERSION_TLSv1_1)
        case .v1_2: Int(CURL_SSLVERSION_TLSv1_2)
        case .v1_3: Int(CURL_SSLVERSION_TLSv1_3)
        }
    }

    private static func maximum(_ version: TLSVersion) -> Int { minimum(version) << 16 }

    private func openSocket(_ address: curl_sockaddr) -> Int32 {
        // Of this connection from now on.
        (session, tlsBegan, tlsEnded) = (TLSReport(), nil, nil)
        let descriptor = agent_socket(address.family, address.socktype, address.protocol)
        if descriptor < 0 { socketError = errno }
        guard descriptor >= 0, !opened(descriptor) else { return descriptor }
        close(descriptor)
        return CURL_SOCKET_BAD
    }

    private func beginTLS(_ context: OpaquePointer) -> Bool {
        tlsBegan = ContinuousClock.now - began
        verifier?.attach(to: context)
        return verifier?.ownFault == nil
    }
}
