"""Cases of `make bench` about what rules cost: a change that few of them see, a judgement."""
