# frozen_string_literal: true

require 'json'
require 'logger'

module Alonzo
  # How `Logger` writes inside a function: the request id of the invocation in each line, or JSON where that is asked for.
  module LogFormat
    LEVELS = { 'TRACE' => 'DEBUG', 'WARNING' => 'WARN', 'CRITICAL' => 'FATAL' }.freeze

    class << self
      attr_accessor :request_id

      def install(environment)
        Logger::Formatter.prepend(environment['AWS_LAMBDA_LOG_FORMAT'] == 'JSON' ? Json : Text)
        level = environment['AWS_LAMBDA_LOG_LEVEL']
        Logger.prepend(Level.at(LEVELS.fetch(level, level))) if level
      end
    end

    # AWS's text format.
    module Text
      def call(severity, time, progname, msg)
        stamp = time.strftime('%Y-%m-%dT%H:%M:%S.%6N')
        "#{severity[0]}, [#{stamp} ##{Process.pid}] #{severity.rjust(5)} #{LogFormat.request_id} -- " \
          "#{progname}: #{msg2str(msg)}\n"
      end
    end

    # One object a line.
    module Json
      def call(severity, time, _progname, msg)
        line = { timestamp: time.utc.strftime('%Y-%m-%dT%H:%M:%SZ'), log_level: severity, message: msg2str(msg) }
        line[:aws_request_id] = LogFormat.request_id if LogFormat.request_id
        "#{JSON.generate(line)}\n"
      end
    end

    # Loggers begin at the level of the function's logging configuration.
    module Level
      def self.at(name)
        severity = Logger::Severity.const_get(name)
        Module.new do
          define_method(:initialize) do |*args, level: severity, **options|
            super(*args, level: level, **options)
          end
        end
      end
    end
  end
end
