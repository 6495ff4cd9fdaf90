# frozen_string_literal: true

require 'json'

module Alonzo
  # An error as the caller and the log see it: AWS's document.
  class Failure
    OURS = File.dirname(__dir__)

    attr_reader :type

    # phase: `Function` or `Init`
    def initialize(phase, error)
      @type = "#{phase}<#{error.class}>"
      @error = error
    end

    def to_json(*)
      JSON.generate('errorMessage' => message, 'errorType' => type, 'stackTrace' => stack)
    end

    private

    # Whatever bytes it has, it is text for whoever reads it.
    def message
      text = @error.message.to_s.dup
      text = text.encode(Encoding::UTF_8, invalid: :replace, undef: :replace) unless text.encoding == Encoding::UTF_8
      text.scrub
    end

    # Without our own frames, which say nothing of the function.
    def stack
      (@error.backtrace || []).reject { |frame| frame.start_with?(OURS) }
    end
  end
end
