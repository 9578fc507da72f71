import ArgumentParser
@main struct A: AsyncParsableCommand {}
