import Probing
import Testing

@testable import StatusServer

/// Remedies as the pages show them.
@Suite struct RemedyTextTests {
    private static func letters(_ text: String) -> String { text.lowercased().filter { $0.isLetter || $0.isNumber } }

    private static func words(_ pieces: [RemedyText.Piece]) -> String { pieces.map(\.text).joined() }

    @Test("of no remedy a word is lost, and none is left without a step where it counts them", arguments: Reason.allCases)
    func whole(reason: Reason) {
        for stage in [nil] + Stage.allCases.map(Optional.some) {
            let text = reason.remedy(at: stage, thumbprint: nil, on: "")
            let remedy = RemedyText(text)
            let steps = remedy.steps.enumerated().map { index, step in
                "\(index + 1)" + (step.before ?? "") + (step.command ?? "") + Self.words(step.pieces)
            }
            #expect(Self.letters(Self.words(remedy.intro) + steps.joined()) == Self.letters(text))
            #expect(remedy.steps.isEmpty == !text.contains("(1) "))
        }
    }

    @Test("a command stands alone, without the words around it")
    func commands() {
        let remedy = RemedyText(Reason.certificateExpired.remedy(at: .certificate, thumbprint: "AB12", on: ""))
        #expect(Self.words(remedy.intro) == "Replace the OAuth certificate AB12, in the Exchange Management Shell:")
        #expect(remedy.steps.map(\.command).prefix(5).allSatisfy { $0 != nil } && remedy.steps.suffix(2).allSatisfy { $0.command == nil })
        #expect(
            remedy.steps[1].command == "Set-AuthConfig -NewCertificateThumbprint $new.Thumbprint -NewCertificateEffectiveDate (Get-Date)")
        #expect(Self.words(remedy.steps[1].pieces) == "(confirm that this is less than 48 hours away)")
        #expect(remedy.steps[4].before == "On every server:" && remedy.steps[4].command?.hasPrefix("Restart-Service ") == true)
        #expect(remedy.steps[5].pieces.filter(\.isCode).map(\.text) == [".\\ConfigureExchangeHybridApplication.ps1"])
        #expect(remedy.steps[6].pieces.filter(\.isCode).map(\.text) == ["agent reload"])
    }
}
