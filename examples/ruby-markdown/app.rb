# frozen_string_literal: true

$LOAD_PATH.unshift(File.join(__dir__, 'lib'))
require 'kramdown'
require 'logger'

LOG = Logger.new($stdout)

# Handlers take keyword arguments. Configured as `app.handler`.
def handler(event:, context:)
  LOG.info("Rendering #{event['text'].length} characters")
  { html: Kramdown::Document.new(event['text']).to_html, from: context.function_name }
end

# A method of a class works too. Configured as `app.Markdown.outline`.
class Markdown
  def self.outline(event:, context:)
    raise ArgumentError, 'there is no text' unless event['text']

    elements = Kramdown::Document.new(event['text']).root.children
    { headings: elements.select { |element| element.type == :header }.map { |header| header.options[:raw_text] },
      in_time: context.get_remaining_time_in_millis.positive? }
  end
end
