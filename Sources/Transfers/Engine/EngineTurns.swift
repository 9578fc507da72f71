/// The engine's turns, and the transfers that have used up their share and wait to continue: one of them does in each turn.
///
/// So any number of peers that send endlessly takes no more of a turn than one of them. Used only by the engine's thread.
final class EngineTurns {
    let watch: TurnWatch
    var number = 0
    var waiting: [Hop] = []

    init(watch: TurnWatch) { self.watch = watch }
}
