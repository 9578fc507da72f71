import Outbound
import Probing

extension Organization {
    /// Says that the tenant's copy of the key is not checked, where no credential makes that possible: a success does not claim it.
    func leaveOutTenant(in log: inout RunRecorder) {
        guard graphCredential == nil else { return }
        log.leaveOut("the tenant's copy (give pushProxy.token or tenant.credential)")
    }
}
