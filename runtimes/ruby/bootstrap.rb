# frozen_string_literal: true

# The managed Ruby runtime: loads the function's handler and serves one invocation after another.
$stdout.sync = true
$stderr.sync = true

require_relative 'alonzo/runtime'

Alonzo::Runtime.new(ENV).run
