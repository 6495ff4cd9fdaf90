# frozen_string_literal: true

module Alonzo
  # The function's handler: `file.method` or `file.Module::Class.method`, found and called as AWS's runtime does.
  class Handler
    def initialize(text)
      parts = text.split('.')
      unless [2, 3].include?(parts.length)
        raise ArgumentError, "Invalid handler #{text}, must be of form FILENAME.METHOD or FILENAME.CLASS.METHOD " \
                             'where FILENAME corresponds with an existing Ruby source file FILENAME.rb, CLASS is an ' \
                             'optional module/class namespace and METHOD is a callable method. If using CLASS, ' \
                             'METHOD must be a class-level method.'
      end
      @file, *names = parts
      @method = names.pop
      @owner = names.first
    end

    def load
      require @file
    end

    def call(event, context)
      receiver = @owner ? Kernel.const_get(@owner) : TOPLEVEL_BINDING.receiver
      receiver.send(@method, event: event, context: context)
    end
  end
end
